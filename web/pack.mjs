// Packs the files of a folder into C++: pack.mjs FOLDER OUTPUT.cpp; see pages.h.
import {createHash} from 'node:crypto';
import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {extname, join, relative, sep} from 'node:path';
import {gzipSync} from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

function filesIn(folder) {
  return readdirSync(folder, {withFileTypes: true}).flatMap((one) => {
    const path = join(folder, one.name);
    return one.isDirectory() ? filesIn(path) : [path];
  });
}

// As a string of C++. Always three digits, so that no digit of the text goes on with one.
function literal(bytes) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 32) {
    lines.push(`    "${[...bytes.subarray(i, i + 32)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}"`);
  }
  return lines.join('\n');
}

const [folder, output] = process.argv.slice(2);
const pages = filesIn(folder).map((file) => {
  const name = relative(folder, file).split(sep).join('/');
  const type = TYPES[extname(name)];
  if (!type) throw new Error(`${name}: pack.mjs does not know its type; add ${extname(name)} to TYPES`);
  const content = readFileSync(file);
  return {
    path: name === 'index.html' ? '/' : `/${name}`,
    type,
    etag: `"${createHash('sha256').update(content).digest('hex').slice(0, 20)}"`,
    size: content.length,
    gzip: gzipSync(content, {level: 9}),
    immutable: name.startsWith('assets/'),  // vite puts a hash of the content into these names
  };
});
pages.sort((a, b) => (a.path < b.path ? -1 : 1));

const text = [
  '// Made by web/pack.mjs of the files of the page.',
  '#include "web/pages.h"',
  '',
  'namespace retrovue {',
  'namespace {',
  '',
  ...pages.map((page, i) => `constexpr char kBytes${i}[] =\n${literal(page.gzip)};\n`),
  'constexpr Page kPages[] = {',
  ...pages.map((page, i) =>
    `    {${JSON.stringify(page.path)}, ${JSON.stringify(page.type)}, ${JSON.stringify(page.etag)}, ` +
    `{kBytes${i}, sizeof(kBytes${i}) - 1}, ${page.size}, ${page.immutable}},`),
  '};',
  '',
  '}  // namespace',
  '',
  'absl::Span<const Page> Pages() { return kPages; }',
  '',
  '}  // namespace retrovue',
  '',
].join('\n');
writeFileSync(output, text);
