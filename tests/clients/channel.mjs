// A channel on the air, by the same programs an operator starts: channel-loop with files made here.
import {execFileSync, spawn} from 'node:child_process';
import {chmodSync, writeFileSync} from 'node:fs';
import http from 'node:http';
import {join} from 'node:path';

export const WRAP_90K = 2 ** 33;

// Clips with the test picture in it, once for all channels.
export function makeClips(root, folder, size, rate) {
  return [1, 2].map((id) => {
    const file = join(folder, `clip-${id}.mp4`);
    execFileSync(join(root, 'tests/support/make-clip.sh'), [file, size, rate, '10', String(id)],
                 {env: {...process.env, AIR_PATTERN: join(root, 'build/bin/air-pattern')}});
    return file;
  });
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

export class Channel {
  // `ptsOrigin`: time stamp of the first tick, 90 kHz; undefined: AIR's own.
  static async start(root, folder, clips, {size, rate, ptsOrigin}) {
    const bin = join(root, 'build/bin');
    const more = [];
    if (ptsOrigin !== undefined) {
      const supervisor = join(folder, 'supervisor');
      writeFileSync(supervisor, `#!/bin/sh\nexec '${bin}/air-supervisor' --pts-origin ${ptsOrigin} "$@"\n`);
      chmodSync(supervisor, 0o755);
      more.push('--supervisor', supervisor);
    }
    const channel = new Channel();
    channel.process = spawn(join(bin, 'channel-loop'),
                            ['--http', '127.0.0.1:0', '--size', size, '--rate', rate, ...more, ...clips],
                            {stdio: ['ignore', 'pipe', 'pipe']});
    channel.output = '';
    channel.ended = new Promise((resolve) => channel.process.on('exit', (code) => resolve(code)));
    channel.url = await new Promise((resolve, reject) => {
      const take = (bytes) => {
        channel.output += bytes;
        const found = channel.output.match(/http:\/\/\S+\.ts/);
        if (found) resolve(found[0]);
      };
      channel.process.stdout.on('data', take);
      channel.process.stderr.on('data', take);
      channel.ended.then((code) => reject(new Error(`channel-loop ended with ${code}: ${channel.output}`)));
    });
    await channel.firstByte();
    channel.onAir = Date.now();
    return channel;
  }

  firstByte() {
    return new Promise((resolve, reject) => {
      const request = http.get(this.url, (response) => {
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
    return code === 0 ? [] : [`channel-loop ended with ${code}: ${this.output.slice(-2000)}`];
  }
}
