// A network as people run it, watched in Chromium: network.mjs PROGRAM-FOLDER SCREENSHOT-FOLDER; started by run.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {makeClip} from './fake_network.mjs';
import {PICTURE_MS, launch, picture, plays} from './watching.mjs';

const [programs, screenshots] = process.argv.slice(2);
const START_MS = 60_000, END_MS = 30_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const {RETROVUE_DB, RETROVUE_HOME, ...env} = process.env;  // the network of the person who runs the test stays as it is

let folder, network, url, browser;
let said = '';

function retrovue(...words) {
  execFileSync(join(programs, 'retrovue'), [...words, '--home', join(folder, 'home')], {stdio: 'pipe', env});
}

before(async () => {
  mkdirSync(screenshots, {recursive: true});
  folder = mkdtempSync(join(tmpdir(), 'page-test-'));
  const clips = join(folder, 'Clips');
  mkdirSync(clips);
  for (const name of ['one', 'two', 'three']) makeClip(join(clips, `${name}.ts`));
  retrovue('demo', '--no-start', clips);
  retrovue('channel', 'update', 'clips', '--format', '640x360@25');
  network = spawn(join(programs, 'retrovue'), [
    'demo', clips, '--home', join(folder, 'home'), '--http', '127.0.0.1:0',
    '--control', `unix:${join(folder, 'control')}`,
  ], {env});
  for (const words of [network.stdout, network.stderr]) words.on('data', (text) => said += text);
  const limit = Date.now() + START_MS;
  while (!(url = said.match(/Watch it at (http:\S+)/)?.[1]) && Date.now() < limit && network.exitCode === null)
    await sleep(100);
  assert.ok(url, `the network is on the air: ${said}`);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  let ended = 0;
  if (network?.exitCode === null && network.signalCode === null) {
    const end = new Promise((resolve) => network.once('exit', resolve));
    network.kill('SIGTERM');
    const timer = setTimeout(() => network.kill('SIGKILL'), END_MS);
    ended = await end;
    clearTimeout(timer);
  }
  if (folder) rmSync(folder, {recursive: true, force: true});
  assert.equal(ended, 0, said);
});

// The process ids of this network's director: one.
function directors() {
  return readdirSync('/proc').filter((name) => {
    if (!/^[0-9]+$/.test(name)) return false;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return words.split('\0')[0].endsWith('/program-director') && words.includes(folder);
    } catch {
      return false;  // it has ended meanwhile
    }
  }).map(Number);
}

test('a click plays what the network airs, and the picture plays on when the director is killed', async () => {
  const page = await browser.newPage({viewport: {width: 1440, height: 900}});
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  await page.click('.row:has-text("Clips") .cell.on button', {timeout: PICTURE_MS});
  await plays(page);
  await page.screenshot({path: join(screenshots, 'network-playing.png')});
  const before = directors();
  assert.equal(before.length, 1);
  process.kill(before[0], 'SIGKILL');
  const {time} = await picture(page);
  await page.waitForFunction((then) => document.querySelector('video').currentTime > then + 8, time,
                             {timeout: PICTURE_MS});
  await plays(page);
  const limit = Date.now() + PICTURE_MS;
  const isAnother = () => directors().length === 1 && directors()[0] !== before[0];
  while (!isAnother() && Date.now() < limit) await sleep(100);
  assert.ok(isAnother(), 'another director has taken over');
  await page.screenshot({path: join(screenshots, 'network-plays-on.png')});
  await page.close();
  assert.deepEqual(complaints, []);
});
