// The page in Chromium: browser.mjs PAGE-FOLDER SCREENSHOT-FOLDER; started by run, which see.
import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

import {BROKEN_LOGO, FakeNetwork, makeClip} from './fake_network.mjs';
import {PICTURE_MS, launch, picture, plays} from './watching.mjs';

const [page_folder, screenshots] = process.argv.slice(2);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
// The network's clock is where New York's goes forward, at 01:40; the machine's is elsewhere.
const SHIFT_MS = Date.parse('2026-03-08T06:40:00Z') - Date.now();
const DESKTOP = {viewport: {width: 1440, height: 900}};
const PHONE = {viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true, deviceScaleFactor: 2};

let folder, network, browser;

before(async () => {
  mkdirSync(screenshots, {recursive: true});
  folder = mkdtempSync(join(tmpdir(), 'page-test-'));
  makeClip(join(folder, 'clip.ts'));
  network = new FakeNetwork({page: page_folder, clip: join(folder, 'clip.ts'), shiftMs: SHIFT_MS});
  await network.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await network?.stop();
  if (folder) rmSync(folder, {recursive: true});
});

// A viewer with the page open. What the browser complains of is kept; `expected` are complaints that belong to the test.
async function viewer(setting, {path = '', expected = /^$/} = {}) {
  const context = await browser.newContext({timezoneId: 'America/New_York', locale: 'en-GB', ...setting});
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type()) || expected.test(message.text())) return;
    if (message.location().url.endsWith(BROKEN_LOGO)) return;
    complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(network.url)) complaints.push(`asks ${request.url()}`);
  });
  await page.goto(network.url + path);
  await page.waitForSelector('.row');
  return {
    page,
    shot: (name) => page.screenshot({path: join(screenshots, `${name}.png`)}),
    async leave() {
      await context.close();
      assert.deepEqual(complaints, []);
    },
  };
}

const texts = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent.trim()));

test('the guide shows what is on by the network\'s clock, in the viewer\'s zone', async () => {
  const {page, shot, leave} = await viewer(DESKTOP);
  assert.match(await page.textContent('.clock'), /Sun 8 Mar.*0?1:4\d/);
  assert.deepEqual(await texts(page, '.row .number'), ['2', '5', '7', '11', '20', '21', '22', '']);
  const on = await page.$$eval('.cell.on', (cells) => cells.length);
  assert.equal(on, 8, 'one cell of each channel is on');
  assert.deepEqual(await texts(page, '.row:has-text("11") .channel .name'), ['News & Weather'], 'no logo, but a name');
  // 02:00 becomes 03:00: the marks say so. That of 01:30 gives way to the badge of now.
  const marks = (await texts(page, '.marks .hour, .marks .half')).join(' ');
  assert.match(marks, /1:00  0?3:00 0?3:30/);
  const line = await page.$eval('.now', (one) => one.getBoundingClientRect().x);
  const done = await page.$eval('.cell.on .done', (one) => one.getBoundingClientRect().right);
  assert.ok(Math.abs(line - done) < 6, `the line of now (${line}) ends what is over (${done})`);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  await sleep(300);
  await shot('desktop-guide');
  await leave();
});

test('a click plays the channel, with picture and sound', async () => {
  const {page, shot, leave} = await viewer(DESKTOP);
  await page.click('.row:has-text("Retro One") .cell.on button');
  const seen = await plays(page);
  assert.equal(seen.muted, false, 'a click allows sound');
  assert.equal(await page.textContent('.facts .station'), '2Retro One');
  assert.match(await page.textContent('.facts .on'), /On now.*left/);
  assert.match(await page.textContent('.facts .next'), /Next/);
  assert.match(page.url(), /#\/retro$/);
  assert.match(await page.title(), /Retro One/);
  await shot('desktop-playing');

  await page.keyboard.press('m');
  assert.equal((await picture(page)).muted, true);
  await page.click('button[aria-label="Sound on"]');
  assert.equal((await picture(page)).muted, false);

  await page.click('button[aria-label="Full screen"]');
  await page.waitForFunction(() => document.fullscreenElement?.className.includes('frame'));
  await page.mouse.move(300, 300);
  await sleep(600);
  await shot('desktop-full');
  await page.keyboard.press('f');
  await page.waitForFunction(() => document.fullscreenElement === null);

  await page.keyboard.press('5');
  await page.waitForFunction(() => location.hash === '#/films');
  await plays(page);
  assert.equal(network.viewers(), 1, 'the channel before was left');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('.watch'));
  await sleep(300);
  assert.equal(network.viewers(), 0);
  await leave();
});

test('the keyboard alone finds a programme and plays it', async () => {
  const {page, shot, leave} = await viewer(DESKTOP);
  await page.keyboard.press('Tab');
  const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  assert.match(await focused(), /^Retro One: .*on now$/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.match(await focused(), /^Cartoon Corner: .*on now$/);
  await page.keyboard.press('ArrowRight');
  assert.match(await focused(), /^Cartoon Corner: .*later$/);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.details');
  assert.match(await focused() ?? await page.evaluate(() => document.activeElement.textContent), /Watch the channel now/);
  await sleep(200);
  await shot('desktop-details');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('.details'));
  assert.match(await focused(), /^Cartoon Corner: .*later$/, 'the focus is back where it was');
  for (let i = 0; i < 30; ++i) await page.keyboard.press('ArrowRight');
  await page.waitForSelector('.to-now');
  await page.keyboard.press('Home');
  assert.match(await focused(), /^Cartoon Corner: .*on now$/);
  await page.keyboard.press('Enter');
  await plays(page);
  await leave();
});

test('a channel that cannot play says why, and goes on by itself if it can', async () => {
  const {page, shot, leave} = await viewer(DESKTOP, {expected: /Failed to load resource.*(404|500|503)/});
  const notice = (text) => page.waitForFunction((wanted) => document.querySelector('.notice')?.textContent.includes(wanted), text);
  await page.click('.row:has-text("Gone") .channel button');
  await notice('There is no channel "gone". /channels lists those there are.');
  await page.click('.row:has-text("Faulty") .channel button');
  await notice('AIR ended with status 1. See the log of channel "fault".');
  await shot('desktop-fault');
  await page.click('.row:has-text("Starts Soon") .channel button');
  await notice('Nothing is scheduled until 20:00.');
  await plays(page);
  await leave();
});

test('a network that goes away is waited for, and the channel plays on when it is back', async () => {
  const {page, shot, leave} = await viewer(DESKTOP, {expected: /net::ERR_/});
  await page.click('.row:has-text("Retro One") .channel button');
  await plays(page);
  const {port} = network;
  await network.stop();
  await page.waitForFunction(() => document.querySelector('.notice')?.textContent.includes('The network is away.'));
  await page.evaluate(() => dispatchEvent(new Event('online')));  // the guide asks now, and not in a minute
  await page.waitForSelector('.trouble');
  assert.ok((await page.$$('.row')).length > 0, 'the guide stays');
  await shot('desktop-away');
  await sleep(3000);
  await network.start(port);
  await plays(page);
  await page.waitForFunction(() => !document.querySelector('.trouble'), null, {timeout: 15_000});
  await leave();
});

test('a page opened at a channel plays it without sound, and says so', async () => {
  const {page, leave} = await viewer(DESKTOP, {path: '#/retro'});
  await page.waitForFunction(() => document.querySelector('video')?.currentTime > 0.3, null, {timeout: PICTURE_MS});
  await page.click('.unmute');
  await page.waitForFunction(() => !document.querySelector('video').muted);
  await plays(page);
  await leave();
});

test('on a telephone', async () => {
  const {page, shot, leave} = await viewer(PHONE);
  await sleep(300);
  await shot('phone-guide');
  await page.tap('.row:has-text("Film House") .cell.on button');
  await plays(page);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, 'nothing sticks out');
  const small = await page.$$eval('.controls button', (all) => all.filter((one) => one.getBoundingClientRect().height < 40).length);
  assert.equal(small, 0, 'fingers find the buttons');
  await shot('phone-playing');
  await page.setViewportSize({width: 844, height: 390});
  await sleep(500);
  await shot('phone-on-its-side');
  await leave();
});

test('five hundred channels are drawn as far as they are seen', async () => {
  const big = new FakeNetwork({page: page_folder, clip: join(folder, 'clip.ts'), shiftMs: SHIFT_MS, copies: 500});
  const small = network;
  await big.start();
  network = big;
  try {
    const {page, leave} = await viewer(DESKTOP);
    const nodes = () => page.evaluate(() => document.querySelectorAll('*').length);
    assert.ok(await nodes() < 2000, `${await nodes()} elements`);
    await page.evaluate(() => document.querySelector('.scroller').scrollTo(0, 1e6));
    await page.waitForSelector('.row:has-text("Copy 499")');
    assert.ok(await nodes() < 2000, `${await nodes()} elements`);
    await leave();
  } finally {
    network = small;
    await big.stop();
  }
});
