// What all tests in Chromium have in common: the browser, and how its picture is judged. The clip is makeClip's.
import assert from 'node:assert/strict';
import {chromium} from 'playwright-core';

export const PICTURE_MS = 30_000;  // on a machine that has other things to do

export const launch = () => chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync'],
});

// What the picture is: its mean colour at the left and at the right, and how far it has played.
export const picture = (page) => page.evaluate(() => {
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 36;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.drawImage(video, 0, 0, 64, 36);
  const mean = (x) => {
    const {data} = context.getImageData(x, 2, 20, 8);
    const sum = [0, 0, 0];
    for (let i = 0; i < data.length; ++i) if (i % 4 < 3) sum[i % 4] += data[i];
    return sum.map((all) => Math.round(all / (data.length / 4)));
  };
  return {
    left: mean(4), right: mean(40), time: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames,
    muted: video.muted, sound: video.webkitAudioDecodedByteCount, size: `${video.videoWidth}x${video.videoHeight}`,
  };
});

export async function plays(page) {
  await page.waitForFunction(
    () => document.querySelector('video')?.currentTime > 0.3 && !document.querySelector('.notice'), null,
    {timeout: PICTURE_MS});
  const first = await picture(page);
  await page.waitForFunction((time) => document.querySelector('video').currentTime > time + 1.5, first.time,
                             {timeout: PICTURE_MS});
  const second = await picture(page);
  assert.ok(second.frames > first.frames, 'pictures are decoded');
  assert.ok(second.left[0] > 150 && second.left[2] < 80, `the left is red: ${second.left}`);
  assert.ok(second.right[2] > 150 && second.right[0] < 80, `the right is blue: ${second.right}`);
  assert.ok(second.sound > 0, 'sound is decoded');
  assert.equal(second.size, '640x360');
  return second;
}
