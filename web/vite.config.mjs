// The page as files that stand alone: relative addresses, no other host, and the licences of what is in it.
import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {defineConfig} from 'vite';

const root = import.meta.dirname ?? new URL('.', import.meta.url).pathname;

// The texts of every package that ships, by the lock file: what mpegts.js brings packed inside it, too.
function licenses() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const parts = ['The page of RetroVue holds parts of others. These are their licences.\n'];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || entry.dev) continue;
    const folder = join(root, path);
    const name = path.replace(/^.*node_modules\//, '');
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    if (!file) throw new Error(`${name} has no licence file in ${folder}; ship none that has not`);
    parts.push(`${'='.repeat(80)}\n${name} ${entry.version} (${entry.license})\n\n${readFileSync(join(folder, file), 'utf8')}`);
  }
  return parts.join('\n');
}

export default defineConfig({
  base: './',
  esbuild: {jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none'},
  build: {
    target: 'es2020',
    modulePreload: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
  },
  plugins: [
    {
      name: 'licenses',
      generateBundle() {
        this.emitFile({type: 'asset', fileName: 'licenses.txt', source: licenses()});
      },
    },
  ],
});
