/** How a video element is held at the newest picture of a live stream. Pure: it is told what is buffered and what is shown. */
/** Seconds that the newest picture may wait before it is shown: few at first, more each time that the stream came late. */
const least = 0.02;
const most = 0.4;
const more = 0.02;
/** Of what lateness added, so much is left after each picture: half of it after a quarter of a minute. */
const forgets = 0.997;
/** Beyond so many seconds it jumps; nearer it runs faster, by so much for each second behind. */
const lost = 1.5;
const gain = 2.5;
const fastest = 4;

export interface Told {
  readonly rate: number;
  /** Where to jump to; null: not. */
  readonly jump: number | null;
}

export class Edge {
  private margin = least;
  /** Seconds from a picture to the next. */
  private step = 1 / 15;
  private last: number | null = null;

  /** A picture of this time has come. */
  came(at: number): void {
    const step = this.last === null ? 0 : at - this.last;
    this.last = at;
    if (step > 0 && step < 1) this.step += (step - this.step) / 8;
    this.margin = least + (this.margin - least) * forgets;
  }

  /** Nothing was left to show. */
  late(): void {
    this.margin = Math.min(most, this.margin + more);
  }

  /** So far behind the end of the newest picture it should be: what that one takes, and a little. */
  get aim(): number {
    return this.step + this.margin;
  }

  /** After something was buffered up to `end`, without a hole since `start`. */
  move(start: number, end: number, shown: number, seeking: boolean): Told {
    const behind = end - shown;
    if (shown < start - 0.001 || behind > lost) return { rate: 1, jump: seeking ? null : Math.max(start, end - this.aim) };
    const over = behind - this.aim;
    return { rate: over < 0.02 ? 1 : Math.min(fastest, 1 + gain * over), jump: null };
  }
}
