// Keeps the guide current: asks for it again and again, and when the network does not answer, sooner at first.
import {NetworkClock} from './clock';
import {Guide, guideOf, messageOf} from './shape';
import {pauseBefore} from './pause';

export interface GuideState {
  guide: Guide | null; // the last one there was
  trouble: string; // why there is no newer one; "" if all is well
}

const REFRESH_MS = 60_000;
const ANSWER_MS = 15_000; // an answer that takes longer is none

export class GuideSource {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking: AbortController | null = null;
  private failures = 0;
  private guide: Guide | null = null;

  // `span` says what to ask for: [from, to) in ms of UTC, or nothing before the network's time is known.
  constructor(
    private readonly clock: NetworkClock,
    private readonly span: () => {from: number; to: number} | null,
    private readonly changed: (state: GuideState) => void,
  ) {}

  // Asks now; also while it waits for the next time.
  refresh = async (): Promise<void> => {
    clearTimeout(this.timer);
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    const late = setTimeout(() => asking.abort(), ANSWER_MS);
    let trouble = '';
    try {
      this.guide = await this.ask(asking.signal);
    } catch (error) {
      if (this.asking !== asking) return; // another one was asked meanwhile
      trouble = error instanceof Refusal ? error.message : 'The network does not answer.';
    } finally {
      clearTimeout(late);
    }
    if (this.asking !== asking) return;
    this.failures = trouble ? this.failures + 1 : 0;
    this.timer = setTimeout(this.refresh, trouble ? pauseBefore(this.failures, Math.random()) : REFRESH_MS);
    this.changed({guide: this.guide, trouble});
  };

  stop(): void {
    clearTimeout(this.timer);
    const asking = this.asking;
    this.asking = null;
    asking?.abort();
  }

  private async ask(signal: AbortSignal): Promise<Guide> {
    const span = this.span();
    const asked = performance.now();
    const response = await fetch(span ? `api/v1/guide?from=${span.from}&to=${span.to}` : 'api/v1/guide', {
      signal,
      cache: 'no-store',
    });
    if (!response.ok) {
      throw new Refusal(messageOf(await response.text()) || `The network answers ${response.status} to the guide.`);
    }
    const answered = performance.now();
    const guide = guideOf(await response.json());
    this.clock.set(guide.now, asked, answered);
    return guide;
  }
}

class Refusal extends Error {}
