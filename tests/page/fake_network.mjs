// A network made up for the test: the page's files, a guide, and channels that play or will not.
import {execFileSync} from 'node:child_process';
import {readFileSync, statSync} from 'node:fs';
import http from 'node:http';
import {extname, join, normalize} from 'node:path';

const TYPES = {'.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain'};
// As web/pages.h has it.
const POLICY = "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; worker-src 'self' blob:; object-src 'none'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const CLIP_SECONDS = 40;
const PIECE_MS = 100;
const LOGO = execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'color=orange:size=160x60,format=rgb24', '-frames:v', '1',
                                    '-f', 'image2pipe', '-c:v', 'png', '-']);
const HALF_HOUR = 1_800_000;

// A channel as AIR sends it: H.264 and AAC in MPEG-TS, an IDR every second. It is red on the left and blue on the right.
export function makeClip(file) {
  execFileSync('ffmpeg', [
    '-v', 'error', '-y',
    '-f', 'lavfi', '-i', `color=red:size=320x360:rate=25:duration=${CLIP_SECONDS}`,
    '-f', 'lavfi', '-i', `color=blue:size=320x360:rate=25:duration=${CLIP_SECONDS}`,
    '-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${CLIP_SECONDS}`,
    '-filter_complex', "[0][1]hstack,drawbox=x=mod(t*80\\,600):y=160:w=40:h=40:color=white:t=fill[v]", '-map', '[v]', '-map', '2:a',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-bf', '0', '-b:v', '600k',
    '-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-f', 'mpegts', file,
  ]);
}

export const BROKEN_LOGO = 'logo/news.png';

const TITLES = [
  [['Retro Show', 'The Pilot', 1, 1], ['Retro Show', 'A Letter Home', 1, 2], ['Night Watch', 'Harbour Lights', 3, 7]],
  [['', 'The Long Voyage of the Steamship Margarethe and Her Most Remarkable Crew'], ['', 'Alarm'], ['', 'Still Waters']],
  [['Cartoons', 'Cat and Clock', 2, 14], ['Cartoons', 'The Painter', 2, 15], ['Cartoons', 'Soup', 0, 3]],
  [['', 'Evening News'], ['', 'Weather'], ['Panorama', '', 12, 4]],
];
const CHANNELS = [
  {slug: 'retro', number: 2, name: 'Retro One', group: 'Classics'},
  {slug: 'films', number: 5, name: 'Film House'},
  {slug: 'toons', number: 7, name: 'Cartoon Corner', logo: 'logo/toons.png'},
  {slug: 'news', number: 11, name: 'News & Weather', logo: BROKEN_LOGO},
  {slug: 'soon', number: 20, name: 'Starts Soon'},
  {slug: 'fault', number: 21, name: 'Faulty'},
  {slug: 'gone', number: 22, name: 'Gone'},
  {slug: 'bare', name: 'No Number, No Guide', entries: []},
];

export class FakeNetwork {
  constructor({page, clip, shiftMs, copies = 0}) {
    Object.assign(this, {page, shiftMs});
    this.clip = readFileSync(clip);
    this.sockets = new Set();
    this.asked = [];  // paths, for the test to look at
    this.refusals = 2;  // so often "soon" is not on the air yet
    this.channels = [...CHANNELS];
    for (let i = 0; i < copies; ++i) this.channels.push({slug: `copy-${i}`, number: 100 + i, name: `Copy ${i}`});
  }

  now() { return Date.now() + this.shiftMs; }

  async start(port = 0) {
    this.server = http.createServer((request, response) => this.answer(request, response));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise((resolve, reject) => this.server.on('error', reject).listen(port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}/`;
  }

  // All connections break, as when the machine is gone.
  async stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  viewers() { return this.watching ?? 0; }

  answer(request, response) {
    const {pathname, searchParams} = new URL(request.url, this.url);
    this.asked.push(pathname);
    if (pathname === '/api/v1/guide') return this.json(response, 200, this.guide(searchParams));
    if (pathname === '/logo/toons.png') return response.writeHead(200, {'content-type': 'image/png'}).end(LOGO);
    const channel = /^\/channel\/([a-z0-9-]+)\.ts$/.exec(pathname)?.[1];
    if (channel) return this.stream(channel, response);
    const path = join(this.page, normalize(pathname === '/' ? '/index.html' : pathname));
    if (!path.startsWith(this.page) || !statSync(path, {throwIfNoEntry: false})?.isFile()) return response.writeHead(404).end();
    response.writeHead(200, {'content-type': TYPES[extname(path)], 'content-security-policy': POLICY});
    response.end(readFileSync(path));
  }

  json(response, status, body, headers = {}) {
    response.writeHead(status, {'content-type': 'application/json', ...headers}).end(`${JSON.stringify(body)}\n`);
  }

  refuse(response, status, code, message, headers) {
    this.json(response, status, {status: 'error', code, message}, headers);
  }

  guide(query) {
    const now = this.now();
    const from = Number(query.get('from') ?? Math.floor(now / HALF_HOUR) * HALF_HOUR);
    const to = Number(query.get('to') ?? from + 12 * HALF_HOUR);
    const channels = this.channels.map((channel, row) => {
      const entries = [];
      const slots = [1, 2, 3][row % 3];
      for (let n = Math.floor(from / (slots * HALF_HOUR)); n * slots * HALF_HOUR < to; ++n) {
        const titles = TITLES[row % TITLES.length];
        const [series, title, season, episode] = titles[n % titles.length];
        entries.push({id: `${channel.slug}-${n}`, start_utc_ms: n * slots * HALF_HOUR, stop_utc_ms: (n + 1) * slots * HALF_HOUR,
                      title, ...(series && {series, season, episode})});
      }
      return {id: channel.slug, entries, ...channel};
    });
    return {now_utc_ms: now, channels};
  }

  stream(channel, response) {
    if (channel === 'gone') {
      return this.refuse(response, 404, 'CHANNEL_NOT_FOUND', 'There is no channel "gone". /channels lists those there are.');
    }
    if (channel === 'fault') {
      return this.refuse(response, 500, 'AIR_FAILED', 'AIR ended with status 1. See the log of channel "fault".');
    }
    if (channel === 'soon' && this.refusals-- > 0) {
      return this.refuse(response, 503, 'NOTHING_SCHEDULED', 'Nothing is scheduled until 20:00.', {'retry-after': '2'});
    }
    this.watching = this.viewers() + 1;
    response.writeHead(200, {'content-type': 'video/mp2t', 'cache-control': 'no-store'});
    // As fast as it plays, after a second at once.
    const perMs = this.clip.length / (CLIP_SECONDS * 1000);
    const begun = Date.now() - 1000;
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.min(this.clip.length, Math.ceil((Date.now() - begun) * perMs));
      if (due > sent) response.write(this.clip.subarray(sent, due));
      sent = due;
      if (sent === this.clip.length) response.end();  // a channel does not do that: the page must tune in again
    }, PIECE_MS);
    response.on('close', () => {
      clearInterval(timer);
      this.watching--;
    });
  }
}
