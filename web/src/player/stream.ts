// One try at playing a channel: an MPEG-TS response without end, fed to the browser's decoder by mpegts.js.
import type Mpegts from 'mpegts.js';
import {messageOf} from '../network/shape';
import {Failure, retryAfterOf} from './policy';

export interface StreamEvents {
  failed(failure: Failure): void; // at most once; then this try is over
}

const FIRST_BYTE_MS = 15_000; // the network itself answers within 5 s
const SILENCE_MS = 8_000; // longer without a byte: the connection is dead

// An answer may hold a sentence for the viewer. It is short, or it is not read.
async function bodyOf(response: Response): Promise<string> {
  if (Number(response.headers.get('content-length') ?? 0) > 4096) return '';
  return response.text();
}

// mpegts.js is only fetched once something is to be played.
const library = (): Promise<typeof Mpegts> => import('mpegts.js').then((module) => module.default);

// Whether this browser has what it takes, which is Media Source Extensions with H.264.
export async function canPlay(): Promise<boolean> {
  return (await library()).getFeatureList().mseLivePlayback;
}

export class Stream {
  private player: Mpegts.Player | null = null;
  private over = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: string,
    private readonly events: StreamEvents,
  ) {
    void library().then(
      (mpegts) => this.over || this.open(mpegts),
      () => this.fail({kind: 'away'}), // the library could not be fetched
    );
  }

  close(): void {
    this.over = true;
    const player = this.player;
    this.player = null;
    player?.destroy();
  }

  private fail(failure: Failure): void {
    if (this.over) return;
    this.close();
    this.events.failed(failure);
  }

  private open(mpegts: typeof Mpegts): void {
    mpegts.LoggingControl.applyConfig({enableAll: false});
    const player = mpegts.createPlayer(
      {type: 'mpegts', isLive: true, url: this.url},
      {
        customLoader: loaderOf(mpegts, (failure) => this.fail(failure)),
        lazyLoad: false,
        deferLoadAfterSourceOpen: false,
        autoCleanupSourceBuffer: true,
        autoCleanupMaxBackwardDuration: 60,
        autoCleanupMinBackwardDuration: 30,
        // What a pause or a slow moment has put behind is made up for a little faster than time, not by a jump.
        liveSync: true,
        liveSyncMaxLatency: 5,
        liveSyncTargetLatency: 2,
        liveSyncPlaybackRate: 1.1,
      },
    );
    this.player = player;
    player.on(mpegts.Events.ERROR, (type: string, detail: string, info?: {msg?: string}) => {
      if (type === mpegts.ErrorTypes.NETWORK_ERROR) return this.fail({kind: 'away'});
      return this.fail({kind: 'undecodable', message: info?.msg ?? detail});
    });
    player.on(mpegts.Events.LOADING_COMPLETE, () => this.fail({kind: 'ended'}));
    player.attachMediaElement(this.video);
    player.load();
  }
}

// A loader that reads why there is no stream, ends its request at once when told to, and notices a dead connection.
function loaderOf(mpegts: typeof Mpegts, failed: (failure: Failure) => void): Mpegts.CustomLoaderConstructor {
  return class Loader extends mpegts.BaseLoader {
    private readonly aborter = new AbortController();
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(_seek: Mpegts.SeekHandler, _config: Mpegts.Config) {
      super('retrovue');
    }

    override destroy(): void {
      this.abort();
      super.destroy();
    }

    override abort(): void {
      clearTimeout(this.timer);
      this.aborter.abort();
    }

    override open(source: Mpegts.MediaSegment, range: Mpegts.Range): void {
      this._status = mpegts.LoaderStatus.kConnecting;
      this.read(source.url, range).catch(() => {
        this._status = mpegts.LoaderStatus.kError;
        this.abort();
        failed({kind: 'away'});
      });
    }

    // Bytes are due within `ms`.
    private expect(ms: number): void {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.aborter.abort(), ms);
    }

    private async read(url: string, range: Mpegts.Range): Promise<void> {
      this.expect(FIRST_BYTE_MS);
      const response = await fetch(url, {signal: this.aborter.signal, cache: 'no-store'});
      if (response.status !== 200 || !response.body) {
        const retryAfterS = retryAfterOf(response.headers.get('retry-after'), Date.now());
        const message = messageOf(await bodyOf(response));
        this._status = mpegts.LoaderStatus.kError;
        this.abort();
        failed({kind: 'refused', status: response.status, message, retryAfterS});
        return;
      }
      this._status = mpegts.LoaderStatus.kBuffering;
      const reader = response.body.getReader();
      let received = 0;
      for (;;) {
        const {done, value} = await reader.read();
        if (done) break;
        this.expect(SILENCE_MS);
        const bytes = value.byteLength === value.buffer.byteLength ? value.buffer : value.slice().buffer;
        received += value.byteLength;
        this.onDataArrival?.(bytes as ArrayBuffer, range.from + received - value.byteLength, received);
      }
      clearTimeout(this.timer);
      this._status = mpegts.LoaderStatus.kComplete;
      this.onComplete?.(range.from, range.from + received - 1);
    }
  } as unknown as Mpegts.CustomLoaderConstructor;
}
