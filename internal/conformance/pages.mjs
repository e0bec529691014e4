// node pages.mjs ORIGIN: opens the pages of a server in Chromium, wide and narrow, light and dark. Each must show something, log no
// error, break no policy and ask nobody but the server; GraphiQL must answer each of its examples.
import { chromium } from 'playwright-core';
import { existsSync } from 'node:fs';

const [origin] = process.argv.slice(2);
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (!executablePath) throw new Error('there is no Chromium: make needs installs it');
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const faults = [];
let answered = 0;
for (const width of [1440, 390]) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    const where = `${width} ${colorScheme}`;
    page.on('console', (m) => m.type() === 'error' && faults.push(`${where}: ${m.text()}`));
    page.on('pageerror', (e) => faults.push(`${where}: ${e.message}`));
    page.on('request', (r) => {
      const u = new URL(r.url());
      if (!['data:', 'blob:'].includes(u.protocol) && u.host !== new URL(origin).host) faults.push(`${where}: asks ${r.url()}`);
    });
    await page.goto(origin, { waitUntil: 'load' });
    const links = await page.locator('a[href*="graphiql?"]').evaluateAll((as) => as.map((a) => a.href));
    if (links.length < 3) faults.push(`${where}: the first page links to ${links.length} questions`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) faults.push(`${where}: the first page is ${wide} pixels too wide`);
    for (const link of links) {
      await page.goto(link, { waitUntil: 'load' });
      await page.locator('.graphiql-query-editor .view-line').first().waitFor({ timeout: 60_000 });
      const response = page.waitForResponse((r) => r.url().endsWith('/graphql') && !(r.request().postData() ?? '').includes('IntrospectionQuery'));
      await page.locator('.graphiql-execute-button').click();
      const body = await (await response).json();
      if (body.errors || !body.data) faults.push(`${where}: ${link}: ${JSON.stringify(body).slice(0, 200)}`);
      else answered++;
    }
    await context.close();
  }
}
await browser.close();
console.log(`${answered} questions answered in GraphiQL`);
for (const f of faults) console.error(f);
process.exit(faults.length === 0 && answered >= 12 ? 0 : 1);
