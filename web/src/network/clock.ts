// The network's clock, which may be far from the viewer's: what it last said, and what has passed here since then.
export class NetworkClock {
  private base: number;
  private heard: number;

  // `elapsed` counts ms and never goes back; `wall` is what the time is until the network has said it.
  constructor(private readonly elapsed: () => number = () => performance.now(), wall: () => number = () => Date.now()) {
    this.base = wall();
    this.heard = elapsed();
  }

  // `asked` and `answered` are what `elapsed` said when the request went out and when its answer came: the network looked at
  // its clock in between.
  set(nowUtcMs: number, asked: number, answered: number): void {
    this.base = nowUtcMs + (answered - asked) / 2;
    this.heard = answered;
  }

  now(): number {
    return this.base + (this.elapsed() - this.heard);
  }
}
