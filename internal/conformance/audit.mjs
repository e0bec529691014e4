// node audit.mjs URL: runs the audits of GraphQL over HTTP on an endpoint, and fails if it fails any.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
const audits = serverAudits({ url, fetchFn: fetch });
const failed = [];
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status !== 'ok') failed.push(`${audit.id} ${audit.name}: ${result.reason}`);
}
console.log(`${audits.length - failed.length} of ${audits.length} audits passed`);
for (const line of failed) console.error(line);
process.exit(failed.length === 0 && audits.length > 0 ? 0 : 1);
