// A channel on the air, by the same program a person starts: `retrovue` with a folder of clips made here.
import {execFileSync, spawn} from 'node:child_process';
import {chmodSync, copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import http from 'node:http';
import {join} from 'node:path';

export const WRAP_90K = 2 ** 33;
const PATIENCE_MS = 60_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The rates that are no whole number, as ffmpeg has them.
const FRACTIONS = {'23.976': '24000/1001', '29.97': '30000/1001', '59.94': '60000/1001'};

// A folder of clips with the test picture in it, once for all channels.
export function makeClips(root, folder, size, rate) {
  const clips = join(folder, 'clips');
  mkdirSync(clips);
  for (const id of [1, 2]) {
    execFileSync(join(root, 'tests/support/make-clip.sh'), [join(clips, `clip-${id}.mp4`), size, FRACTIONS[rate] ?? rate, '10', String(id)],
                 {env: {...process.env, AIR_PATTERN: join(root, 'build/bin/air-pattern')}});
  }
  return clips;
}

// The same stream with one packet in a hundred missing: what the players must complain about.
export async function damaged(url) {
  const PACKET = 188;
  const server = http.createServer((request, response) => {
    const source = http.get(url, (stream) => {
      response.writeHead(stream.statusCode, {'content-type': 'video/mp2t'});
      let rest = Buffer.alloc(0), number = 0;
      stream.on('data', (bytes) => {
        rest = Buffer.concat([rest, bytes]);
        for (; rest.length >= PACKET; rest = rest.subarray(PACKET))
          if (++number % 100 !== 0) response.write(rest.subarray(0, PACKET));
      });
    });
    source.on('error', () => response.destroy());
    response.on('close', () => source.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {url: `http://127.0.0.1:${server.address().port}/live.ts`, close: () => server.close()};
}

// The programs of a network in a folder of their own, where air-supervisor begins its time stamps at `ptsOrigin`.
function programsWith(bin, folder, ptsOrigin) {
  const own = mkdtempSync(join(folder, 'programs-'));
  for (const program of ['retrovue', 'program-director', 'channel-manager', 'asset-probe']) {
    try {
      linkSync(join(bin, program), join(own, program));
    } catch {
      copyFileSync(join(bin, program), join(own, program));
    }
  }
  const supervisor = join(own, 'air-supervisor');
  writeFileSync(supervisor, `#!/bin/sh\nexec '${bin}/air-supervisor' --pts-origin ${ptsOrigin} "$@"\n`);
  chmodSync(supervisor, 0o755);
  return own;
}

export class Channel {
  // `ptsOrigin`: time stamp of the first tick, 90 kHz; undefined: AIR's own.
  static async start(root, folder, clips, {size, rate, ptsOrigin}) {
    const built = join(root, 'build/bin');
    const bin = ptsOrigin === undefined ? built : programsWith(built, folder, ptsOrigin);
    const home = mkdtempSync(join(folder, 'home-'));
    const retrovue = (...words) =>
        execFileSync(join(bin, 'retrovue'), [...words, '--home', home], {stdio: ['ignore', 'pipe', 'inherit']});
    // The same command twice: the second one keeps what was made, and what was changed in it.
    retrovue('demo', '--no-start', clips);
    retrovue('channel', 'update', 'clips', '--format', `${size}@${rate}`);
    const channel = new Channel();
    channel.folders = bin === built ? [home] : [home, bin];
    channel.process = spawn(join(bin, 'retrovue'),
                            ['demo', clips, '--home', home, '--http', '127.0.0.1:0', '--control', `unix:${home}/control`],
                            {stdio: ['ignore', 'pipe', 'pipe']});
    channel.output = '';
    channel.ended = new Promise((resolve) => channel.process.on('exit', (code) => resolve(code)));
    const page = await new Promise((resolve, reject) => {
      const take = (bytes) => {
        channel.output += bytes;
        const found = channel.output.match(/Watch it at (http:\/\/\S+\/)/);
        if (found) resolve(found[1]);
      };
      channel.process.stdout.on('data', take);
      channel.process.stderr.on('data', take);
      channel.ended.then((code) => reject(new Error(`retrovue ended with ${code}: ${channel.output}`)));
    });
    channel.url = await channel.address(page);
    await channel.firstByte();
    channel.onAir = Date.now();
    return channel;
  }

  // Of the stream, where players find it: in the list.
  async address(page) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(100)) {
      const list = await fetch(`${page}channels.m3u`).then((answer) => answer.text(), () => '');
      const found = list.match(/^http:\/\/\S+\.ts$/m);
      if (found) return found[0];
    }
    throw new Error(`no channel in ${page}channels.m3u: ${this.output}`);
  }

  firstByte() {
    return new Promise((resolve, reject) => {
      const request = http.get(this.url, (response) => {
        if (response.statusCode !== 200) return reject(new Error(`${this.url} answers ${response.statusCode}`));
        response.once('data', () => {
          request.destroy();
          resolve();
        });
      });
      request.on('error', (error) => error.code === 'ECONNRESET' || reject(error));
    });
  }

  async stop() {
    this.process.kill('SIGTERM');
    const code = await this.ended;
    for (const made of this.folders) rmSync(made, {recursive: true});
    return code === 0 ? [] : [`retrovue ended with ${code}: ${this.output.slice(-2000)}`];
  }
}
