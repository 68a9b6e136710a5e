// Runs the unit tests of the page with node's own runner: node test/unit.mjs, where node_modules is.
import {spawnSync} from 'node:child_process';
import {readdirSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, '..', 'built-tests');
rmSync(built, {recursive: true, force: true});
const tests = readdirSync(here).filter((name) => name.endsWith('.test.ts'));
await build({
  entryPoints: tests.map((name) => join(here, name)),
  outdir: built,
  outExtension: {'.js': '.mjs'},
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node18',
  logLevel: 'warning',
});
const files = tests.map((name) => join(built, name.replace(/\.ts$/, '.mjs')));
process.exit(spawnSync(process.execPath, ['--test', ...files], {stdio: 'inherit', env: {...process.env, TZ: 'UTC'}}).status ?? 1);
