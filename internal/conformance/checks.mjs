// What the scripts share: named checks one after another, and an exit status.
import assert from 'node:assert/strict';

const checks = [];

export function check(name, body) {
  checks.push({ name, body });
}

export async function run() {
  let failed = 0;
  for (const { name, body } of checks) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('no result within 20 s')), 20_000);
    });
    try {
      await Promise.race([body(), late]);
    } catch (err) {
      failed++;
      console.error(`${name}: ${err?.stack ?? JSON.stringify(err)}`);
    } finally {
      clearTimeout(timer);
    }
  }
  console.log(`${checks.length - failed} of ${checks.length} checks passed`);
  process.exit(failed === 0 && checks.length > 0 ? 0 : 1);
}

export { assert };
