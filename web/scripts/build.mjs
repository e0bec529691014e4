// Builds the site into web/dist: what Vite writes, each file packed as NAME.gz.
//
//   node scripts/build.mjs           build
//   node scripts/build.mjs --check   build elsewhere, compare the unpacked bytes with web/dist
//
// The packed bytes may differ between versions of zlib; the unpacked ones may not.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

/** Paths of all files under dir, with slashes, sorted. */
async function list(dir) {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((e) => e.isFile())
    .map((e) => relative(dir, join(e.parentPath, e.name)).split(sep).join('/'))
    .sort();
}

/** gzip at level 9, with no time and no operating system in the header. */
function pack(data) {
  const packed = gzipSync(data, { level: constants.Z_BEST_COMPRESSION });
  packed.fill(0, 4, 8); // mtime
  packed[9] = 255; // OS: unknown
  return packed;
}

/** Licences that Vite does not collect: it knows the modules of the pages' scripts only. */
async function moreLicenses() {
  const more = {
    '@fontsource-variable/source-sans-3': 'LICENSE',
    '@fontsource-variable/source-serif-4': 'LICENSE',
    'monaco-editor': 'ThirdPartyNotices.txt',
  };
  let text = '';
  for (const [name, file] of Object.entries(more)) {
    const license = await readFile(join(root, 'node_modules', name, file), 'utf8');
    text += `\n---\n\n## ${name}: ${file}\n\n${license.replaceAll('\r\n', '\n').trim()}\n`;
  }
  return text;
}

/** Builds into a new temporary directory and returns its files: name to bytes. */
async function built() {
  const out = await mkdtemp(join(tmpdir(), 'stemma-web-'));
  try {
    await build({ root, logLevel: 'warn', build: { outDir: out, emptyOutDir: true } });
    const files = new Map();
    for (const name of await list(out)) files.set(name, await readFile(join(out, name)));
    const licenses = files.get('licenses.txt');
    if (!licenses) throw new Error('the build wrote no licenses.txt');
    files.set('licenses.txt', Buffer.concat([licenses, Buffer.from(await moreLicenses())]));
    return files;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

async function write(files) {
  await rm(dist, { recursive: true, force: true });
  let raw = 0;
  let packed = 0;
  for (const [name, data] of files) {
    const path = join(dist, `${name}.gz`);
    const gz = pack(data);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, gz);
    raw += data.length;
    packed += gz.length;
  }
  console.log(`web/dist: ${files.size} files, ${kB(raw)} kB, packed ${kB(packed)} kB`);
}

/** Names of the files in which web/dist and the build differ. */
async function differences(files) {
  const names = new Set(files.keys());
  const found = [];
  for (const path of await list(dist).catch(() => [])) {
    const name = path.replace(/\.gz$/, '');
    if (name === path) found.push(`${path}: not packed`);
    else if (!names.delete(name)) found.push(`${name}: in web/dist only`);
    else if (!gunzipSync(await readFile(join(dist, path))).equals(files.get(name))) found.push(`${name}: differs`);
  }
  for (const name of names) found.push(`${name}: not in web/dist`);
  return found.sort();
}

const kB = (n) => Math.round(n / 1000);

const files = await built();
if (process.argv.includes('--check')) {
  const found = await differences(files);
  if (found.length > 0) {
    console.error(`web/dist is not what its sources build to (run npm run build):\n  ${found.join('\n  ')}`);
    process.exit(1);
  }
  console.log(`web/dist is what its sources build to: ${files.size} files`);
} else {
  await write(files);
}
