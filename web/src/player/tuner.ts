// Keeps a channel playing: tunes in, and when that fails says why, waits and tunes in again, for as long as the viewer wants
// the channel.
import {Failure, Verdict, verdictOn} from './policy';
import {Stream, canPlay} from './stream';

export type Tuning =
  | {phase: 'off'}
  | {phase: 'tuning'; verdict: Verdict | null} // with what went wrong before, until there is a picture
  | {phase: 'playing'}
  | {phase: 'blocked'} // the browser plays nothing before a click
  | {phase: 'waiting'; verdict: Verdict} // tries again by itself
  | {phase: 'failed'; verdict: Verdict}; // does not

const PICTURE_MS = 12_000; // bytes come, but no picture
const STALL_MS = 8_000; // there was a picture, and it stands still
const STEADY_MS = 10_000; // after so long a failure is a new one
const LOOK_MS = 1_000;

const NOT_HERE: Verdict = {
  text: 'This browser cannot play live channels in a page.',
  hint: 'Open the list of channels in a player instead: /channels.m3u',
  againMs: null,
};

export class Tuner {
  private url = '';
  private stream: Stream | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: ReturnType<typeof setInterval>;
  private lastTime = 0;
  private movedAt = 0; // when the picture last moved
  private playingSince = 0; // 0: not yet
  private blocked = false;
  private last: Verdict | null = null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly changed: (tuning: Tuning) => void,
    private readonly soundBlocked: () => void, // the browser wants a click before there is sound
  ) {
    this.watch = setInterval(this.look, LOOK_MS);
    window.addEventListener('online', this.tryNow);
    document.addEventListener('visibilitychange', this.visible);
  }

  tune(url: string): void {
    this.url = url;
    this.failures = 0;
    this.last = null;
    this.start();
  }

  // Does not wait any longer, if it waits.
  tryNow = (): void => {
    if (this.url && this.stream === null) this.start();
  };

  close(): void {
    this.url = '';
    clearTimeout(this.timer);
    clearInterval(this.watch);
    window.removeEventListener('online', this.tryNow);
    document.removeEventListener('visibilitychange', this.visible);
    this.stream?.close();
    this.stream = null;
  }

  private start(): void {
    clearTimeout(this.timer);
    this.stream?.close();
    this.playingSince = 0;
    this.lastTime = 0;
    this.blocked = false;
    this.movedAt = performance.now();
    this.changed({phase: 'tuning', verdict: this.last});
    const stream = new Stream(this.video, this.url, {failed: (failure) => this.stream === stream && this.failed(failure)});
    this.stream = stream;
    void canPlay().then(
      (can) => {
        if (can || this.stream !== stream) return;
        stream.close();
        this.changed({phase: 'failed', verdict: NOT_HERE});
      },
      () => undefined, // the stream says that the network is away
    );
    this.play();
  }

  // After a click, where nothing was played before one.
  resume = (): void => {
    this.blocked = false;
    this.movedAt = performance.now();
    this.changed({phase: 'tuning', verdict: null});
    this.play();
  };

  private play(): void {
    const {stream} = this;
    this.video.play().catch((error: DOMException) => {
      if (error.name !== 'NotAllowedError' || this.stream !== stream) return;
      if (!this.video.muted) {
        this.video.muted = true;
        this.soundBlocked();
        this.play();
      } else {
        this.blocked = true;
        this.changed({phase: 'blocked'});
      }
    });
  }

  private failed(failure: Failure): void {
    if (this.playingSince > 0 && performance.now() - this.playingSince > STEADY_MS) this.failures = 0;
    this.failures++;
    this.playingSince = 0;
    this.stream?.close();
    this.stream = null;
    const verdict = verdictOn(failure, this.failures, Math.random());
    this.last = verdict;
    clearTimeout(this.timer);
    if (verdict.againMs === null) return this.changed({phase: 'failed', verdict});
    this.timer = setTimeout(this.tryNow, verdict.againMs);
    this.changed({phase: 'waiting', verdict});
  }

  // Whether the picture moves.
  private look = (): void => {
    if (this.stream === null) return;
    const now = performance.now();
    const time = this.video.currentTime;
    if (time > this.lastTime) {
      this.lastTime = time;
      this.movedAt = now;
      if (this.playingSince === 0) {
        this.playingSince = now;
        this.last = null;
        this.changed({phase: 'playing'});
      }
      return;
    }
    // A browser may stand still by right: paused by the viewer, or out of sight.
    if (document.hidden || this.blocked || (this.playingSince > 0 && this.video.paused)) {
      this.movedAt = now;
      return;
    }
    if (now - this.movedAt > (this.playingSince > 0 ? STALL_MS : PICTURE_MS)) this.failed({kind: 'stalled'});
  };

  private visible = (): void => {
    this.movedAt = performance.now();
    if (!document.hidden) this.tryNow();
  };
}
