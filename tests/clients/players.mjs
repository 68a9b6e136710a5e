// The players. Each `join` plays the stream for some seconds and returns {faults: [text], note: text}: everything it
// printed as an error, everything its own counters call lost or corrupted, and too little to see.
import {spawn} from 'node:child_process';
import {chownSync, mkdtempSync, readFileSync} from 'node:fs';
import http from 'node:http';
import {join} from 'node:path';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const NOBODY = 65534;
const LEAST = 0.7;  // of the pictures of the time played: joining and leaving cost some

function run(command, args, options = {}) {
  const child = spawn(command, args, {stdio: ['pipe', 'pipe', 'pipe'], ...options});
  let output = '';
  child.stdout.on('data', (bytes) => { output += bytes; });
  child.stderr.on('data', (bytes) => { output += bytes; });
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve({code: -1, output: String(error)}));
    child.on('close', (code) => resolve({code, output}));
  });
  return {child, ended};
}

export class Ffmpeg {
  name = 'ffmpeg';
  constructor({fps}) { this.fps = fps; }

  async join(url, seconds) {
    const {child, ended} = run('ffmpeg', ['-nostdin', '-v', 'warning', '-i', url, '-t', String(seconds), '-map', '0:v', '-map',
                                          '0:a', '-f', 'null', '-progress', 'pipe:1', '-nostats', '-']);
    const late = setTimeout(() => child.kill('SIGKILL'), (seconds + 20) * 1000);
    const {code, output} = await ended;
    clearTimeout(late);
    const progress = /^(frame|fps|stream_\S+|bitrate|total_size|out_time\S*|dup_frames|drop_frames|speed|progress)=/;
    const faults = output.split('\n').filter((line) => line.trim() !== '' && !progress.test(line));
    const last = (key) => Number([...output.matchAll(new RegExp(`^${key}=\\s*(\\d+)`, 'gm'))].pop()?.[1] ?? 0);
    if (code !== 0) faults.push(`ended with ${code}`);
    if (last('frame') < LEAST * seconds * this.fps) faults.push(`only ${last('frame')} pictures`);
    for (const key of ['dup_frames', 'drop_frames']) if (last(key) > 0) faults.push(`${key} ${last(key)}`);
    return {faults, note: `${last('frame')} pictures`};
  }
  async close() {}
}

export class Vlc {
  name = 'vlc';
  constructor({fps, folder}) {
    this.fps = fps;
    // VLC does not run as root.
    this.home = mkdtempSync(join(folder, 'vlc-'));
    this.user = process.getuid() === 0 ? {uid: NOBODY, gid: NOBODY} : {};
    if (this.user.uid) chownSync(this.home, NOBODY, NOBODY);
  }

  async join(url, seconds) {
    const {child, ended} = run('vlc', ['-I', 'rc', '--rc-fake-tty', '--no-one-instance', '--vout', 'vdummy', '--aout', 'adummy',
                                       '--no-video-title-show', '--no-osd', '--no-spu', '--network-caching', '1000', url],
                               {...this.user, cwd: this.home, env: {PATH: process.env.PATH, HOME: this.home, LANG: 'C.UTF-8'}});
    await sleep(seconds * 1000 + 1500);  // its own start and cache
    child.stdin.write('stats\n');
    await sleep(300);
    child.stdin.write('shutdown\n');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const {code, output} = await ended;
    clearTimeout(late);
    const faults = output.split('\n').filter((line) => /\b(error|warning):/i.test(line) && !this.harmless(line));
    const stat = (name) => Number(output.match(new RegExp(`${name}\\s*:\\s*(\\d+)`))?.[1] ?? -1);
    for (const name of ['demux corrupted', 'discontinuities'])
      if (stat(name) !== 0) faults.push(`${name}: ${stat(name)}`);
    if (stat('frames displayed') < LEAST * seconds * this.fps) faults.push(`only ${stat('frames displayed')} pictures`);
    if (stat('buffers played') <= 0) faults.push('no sound');
    if (code !== 0) faults.push(`ended with ${code}`);
    return {faults, note: `${stat('frames displayed')} pictures, ${stat('buffers played')} sounds, ` +
        `${stat('frames lost')} shown too late`};
  }
  // What it says on a machine without a desktop.
  harmless(line) { return /no suitable interface module|interface "(globalhotkeys|dbus),none"|D-Bus|X server/i.test(line); }
  async close() {}
}

export class Chromium {
  name = 'chromium';
  constructor({fps, folder, modules}) {
    this.fps = fps;
    this.folder = folder;
    this.modules = modules;
    this.joins = 0;
  }

  // The page, the library, and the stream under one origin.
  async open() {
    const {chromium} = await import('playwright-core');
    const files = {
      '/': ['text/html', readFileSync(join(this.modules, 'page.html'))],
      '/mpegts.js': ['text/javascript', readFileSync(join(this.modules, 'node_modules/mpegts.js/dist/mpegts.js'))],
      '/favicon.ico': ['image/x-icon', Buffer.alloc(0)],
    };
    this.server = http.createServer((request, response) => {
      const path = new URL(request.url, 'http://page').pathname;
      if (path === '/live.ts') return this.proxy(response);
      if (!files[path]) return response.writeHead(404).end();
      response.writeHead(200, {'content-type': files[path][0]}).end(files[path][1]);
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
             '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
    });
  }

  proxy(response) {
    const source = http.get(this.url, (stream) => {
      response.writeHead(stream.statusCode, {'content-type': 'video/mp2t', 'cache-control': 'no-store'});
      stream.pipe(response);
    });
    source.on('error', () => response.destroy());
    response.on('close', () => source.destroy());
  }

  async join(url, seconds) {
    this.url = url;
    if (!this.opening) this.opening = this.open();
    await this.opening;
    const number = ++this.joins;
    const page = await this.browser.newPage({viewport: {width: 660, height: 400}});
    const faults = [];
    // mpegts.js tells its steps; what it warns of is judged, too.
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`page: ${error}`));
    await page.goto(`http://127.0.0.1:${this.server.address().port}/`);
    await page.waitForFunction(() => window.seen.playing || window.seen.errors.length > 0, {timeout: 15_000})
        .catch(() => faults.push('did not begin to play within 15 s'));
    const begun = await page.evaluate(() => window.report());
    await sleep(seconds * 1000);
    const seen = await page.evaluate(() => window.report());
    await page.screenshot({path: join(this.folder, `chromium-${String(number).padStart(3, '0')}.png`)});
    await page.close();
    faults.push(...seen.errors);
    const played = seen.time - begun.time, pictures = seen.pictures - begun.pictures;
    if (played < LEAST * seconds) faults.push(`played only ${played.toFixed(1)} of ${seconds} s, stood still ${seen.waiting} times`);
    if (pictures < LEAST * seconds * this.fps) faults.push(`only ${pictures} pictures`);
    if (seen.ranges > 1) faults.push(`${seen.ranges} pieces with holes between them`);
    if (seen.corrupted > 0) faults.push(`${seen.corrupted} corrupted pictures`);
    if (seen.audioBytes === 0) faults.push('no sound was decoded');
    return {faults, note: `${pictures} pictures, ${seen.dropped} not shown in time, stood still ${seen.waiting} times`};
  }

  async close() {
    await this.browser?.close();
    this.server?.close();
  }
}
