// Lets real players join a channel again and again, and once across the wrap of its time stamps; see README.md.
import {chmodSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

import {Channel, damaged, makeClips, WRAP_90K} from './channel.mjs';
import {Chromium, Ffmpeg, Vlc} from './players.mjs';

const {values: options} = parseArgs({
  options: {
    root: {type: 'string'},
    joins: {type: 'string', default: '20'},
    'wrap-joins': {type: 'string', default: '3'},
    seconds: {type: 'string', default: '5'},
    size: {type: 'string', default: '640x360'},
    rate: {type: 'string', default: '25'},
    only: {type: 'string', default: 'ffmpeg,vlc,chromium'},
  },
});
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const modules = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'air-clients-'));
chmodSync(folder, 0o755);
const setting = {fps: Number(options.rate), folder, modules};
const SECONDS_BEFORE_WRAP = 20;

const players = [Ffmpeg, Vlc, Chromium].map((Player) => new Player(setting))
                    .filter((player) => options.only.split(',').includes(player.name));
const tally = new Map();  // what was done -> {joins, faults}

function note(what, {faults, note: text}, when) {
  const entry = tally.get(what) ?? {joins: 0, bad: 0};
  tally.set(what, entry);
  ++entry.joins;
  entry.bad += faults.length > 0 ? 1 : 0;
  if (faults.length > 0 || process.stdout.isTTY) console.log(`${what}, ${when}: ${text}`);
  for (const fault of faults.slice(0, 10)) console.log(`  FAULT ${fault}`);
}

const since = (channel) => `${((Date.now() - channel.onAir) / 1000).toFixed(1)} s on the air`;

// One after the other, at random instants.
async function joinOften(player, channel) {
  for (let i = 0; i < Number(options.joins); ++i) {
    await sleep(Math.random() * 1000);
    const when = since(channel);
    note(player.name, await player.join(channel.url, Number(options.seconds)), when);
  }
}

// Side by side, each joining before the wrap and playing on behind it.
async function joinAcrossTheWrap(player, channel) {
  const joins = Number(options['wrap-joins']);
  await Promise.all(Array.from({length: joins}, async (_, i) => {
    await sleep((i + Math.random()) * 12_000 / joins);
    const when = since(channel), now = (Date.now() - channel.onAir) / 1000;
    const seconds = Math.ceil(SECONDS_BEFORE_WRAP + 8 - now);
    note(`${player.name} across the wrap`, await player.join(channel.url, seconds), when);
  }));
}

// The judge is judged: each player is given a damaged stream once, and must be found at fault.
async function joinDamaged(player, channel) {
  const {url, close} = await damaged(channel.url);
  const {faults: found} = await player.join(url, Number(options.seconds));
  close();
  if (found.length === 0) faults.push(`${player.name} was content with a stream that lacks one packet in a hundred`);
}

const faults = [];
const clips = makeClips(options.root, folder, options.size, options.rate);
for (const [ptsOrigin, play] of [[undefined, joinOften], [WRAP_90K - SECONDS_BEFORE_WRAP * 90_000, joinAcrossTheWrap]]) {
  const channel = await Channel.start(options.root, folder, clips, {...options, ptsOrigin});
  await Promise.all(players.map((player) => play(player, channel)));
  if (ptsOrigin === undefined) await Promise.all(players.map((player) => joinDamaged(player, channel)));
  faults.push(...await channel.stop());
}
for (const player of players) await player.close();

rmSync(clips, {recursive: true});
for (const fault of faults) console.log(`FAULT ${fault}`);
let bad = faults.length;
for (const [what, entry] of tally) {
  console.log(`${what}: ${entry.joins} joins, ${entry.bad} with faults`);
  bad += entry.bad;
}
console.log(`screenshots in ${folder}`);
process.exit(bad === 0 ? 0 : 1);
