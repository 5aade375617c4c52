import { api, Problem } from '../../lib/api';
import { Picture } from '../picture';
import { head, pieces } from '../pieces';
import { Reel } from './reel';
import { neighbour, nextAfter, spanAt, stretchAround, within } from './spans';
import { fast, type Opened, type Shows, type Span } from './types';

interface Told {
  readonly type: 'given' | 'init' | 'done' | 'failed' | 'over' | 'bye';
  readonly seat?: number;
  readonly turn?: number;
  readonly mime?: string;
  readonly until?: number | null;
  readonly why?: string;
}

/** Wall-clock milliseconds that are fetched ahead, and asked for at once, at the speed of life. */
const ahead = 8000;
const atOnce = 5000;
/** After a click: so little that every camera's first picture is on its way before any camera's tenth. */
const atFirst = 200;
/** A ticket is asked for again so long before the old one is over. */
const renewal = 45_000;
/** So long playing waits for a camera that is slow. */
const patience = 3000;

/** One camera of the player. */
export class Seat {
  shows = $state<Shows>('loading');
  said = $state('');
  reel: Reel | null = null;
  mime = '';
  /** Up to when it was asked for, and what is being asked. */
  reached = 0;
  pending: number | null = null;
  /** Nothing has been asked for since the last click. */
  fresh = true;
  shown = false;

  constructor(readonly camera: string, readonly spans: readonly Span[]) {}

  get blocked(): boolean {
    return this.shows === 'refused' || this.shows === 'failed' || this.shows === 'over';
  }
}

/** Past pictures of an incident's cameras on one wall clock. */
export class Player {
  at = $state(0);
  playing = $state(false);
  speed = $state(1);
  problem = $state.raw<Problem | null>(null);
  /** From the last click on the clock to the picture of the last camera that has one there, in milliseconds. */
  sought = $state<number | null>(null);
  readonly seats: readonly Seat[];
  private readonly base: number;
  private socket: WebSocket | null = null;
  private numbers: Seat[] = [];
  private given: Span | null = null;
  private opening = false;
  private ended = false;
  private turn = 0;
  private clicked = performance.now();
  private seeking = true;
  private last = performance.now();
  private waited = 0;
  private timer = 0;
  private renewAt = Infinity;
  private failures = 0;

  constructor(
    private readonly incident: string,
    cameras: readonly { readonly id: string; readonly spans: readonly Span[] }[],
    readonly right: Span,
    private readonly purpose: string,
    at: number,
  ) {
    this.base = right.from - 60_000;
    this.seats = cameras.map((one) => new Seat(one.id, one.spans));
    this.at = within(at, right);
    this.begin(this.at);
    void this.open();
    this.timer = requestAnimationFrame(() => this.tick());
  }

  /** The element in which a seat is shown. */
  show(seat: Seat, video: HTMLVideoElement): () => void {
    const reel = new Reel(video, this.base);
    reel.onbroken = () => this.fail(seat);
    reel.onshown = (at) => this.seen(seat, at);
    seat.reel = reel;
    return () => {
      seat.reel = null;
      reel.end();
    };
  }

  end(): void {
    this.ended = true;
    cancelAnimationFrame(this.timer);
    this.socket?.close();
  }

  seek(at: number): void {
    this.at = within(at, this.right);
    this.clicked = performance.now();
    this.sought = null;
    this.begin(this.at);
    this.ask();
  }

  play(on = !this.playing): void {
    if (on && this.at >= this.right.to) this.seek(this.right.from);
    this.playing = on;
    this.last = performance.now();
  }

  use(speed: number): void {
    const other = speed >= fast !== this.speed >= fast;
    this.speed = speed;
    if (!other) return;
    for (const seat of this.seats) seat.reel?.clear();
    this.begin(this.at);
    this.ask();
  }

  /** To the picture before or after, by the camera that is looked at; by a fifteenth of a second where none is here. */
  step(by: 1 | -1, chosen: Seat | null): void {
    this.playing = false;
    const seat = chosen?.shows === 'picture' ? chosen : this.seats.find((one) => one.shows === 'picture');
    const to = seat?.reel ? neighbour(seat.reel.pictures, this.at, by) : null;
    this.seek(to !== null && Math.abs(to - this.at) < 2000 ? to : this.at + by * 67);
  }

  again(): void {
    this.problem = null;
    this.failures = 0;
    for (const seat of this.seats) if (seat.blocked) seat.shows = 'loading';
    this.begin(this.at);
    void this.open();
  }

  /** A new turn: what was asked for before is not waited for any more. */
  private begin(at: number): void {
    this.turn++;
    this.seeking = true;
    this.waited = performance.now();
    for (const seat of this.seats) {
      seat.pending = null;
      seat.fresh = true;
      seat.shown = false;
      seat.reached = seat.reel?.reach(at) ?? at;
    }
  }

  private async open(): Promise<void> {
    if (this.opening || this.ended) return;
    const span = stretchAround(this.at, this.right);
    if (!span) return;
    this.opening = true;
    try {
      const opened = await api.post<Opened>(`/incidents/${encodeURIComponent(this.incident)}/footage`, {
        camera_ids: this.seats.map((one) => one.camera), start: new Date(span.from).toISOString(), end: new Date(span.to).toISOString(), purpose: this.purpose,
      });
      if (!this.ended) this.opened(opened, span);
    } catch (error) {
      this.notGiven(error);
    } finally {
      this.opening = false;
    }
  }

  private opened(opened: Opened, span: Span): void {
    this.given = span;
    this.problem = null;
    const tickets: string[] = [];
    const order: Seat[] = [];
    for (const item of opened.items) {
      const seat = this.seats.find((one) => one.camera === item.camera_id);
      if (!seat) continue;
      if (item.ticket) {
        tickets.push(item.ticket);
        order.push(seat);
        if (!this.numbers.includes(seat)) this.numbers.push(seat);
        if (seat.shows === 'over' || seat.shows === 'refused') seat.shows = 'loading';
        if (item.expires_at) this.renewAt = performance.now() + Math.max(10_000, Date.parse(item.expires_at) - Date.now() - renewal);
      } else {
        seat.shows = 'refused';
        seat.said = item.refused ?? '';
      }
    }
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ tickets }));
      this.ask();
    } else {
      this.numbers = order;
      this.connect(opened.url, tickets);
    }
  }

  private notGiven(error: unknown): void {
    if (this.ended) return;
    const refused = error instanceof Problem && !error.unanswered && error.status < 500 && error.status !== 429;
    for (const seat of this.seats) {
      if (seat.shows === 'picture' && !refused) continue;
      seat.shows = refused ? 'refused' : 'failed';
      seat.said = refused ? error.title : '';
    }
    if (refused) {
      this.playing = false;
      this.problem = error;
      this.socket?.close();
    } else this.later();
  }

  private later(): void {
    const pause = Math.min(8000, 500 * 2 ** this.failures++);
    setTimeout(() => {
      if (!this.ended) this.retry();
    }, pause);
  }

  private retry(): void {
    for (const seat of this.seats) if (seat.shows === 'failed') seat.shows = 'loading';
    this.begin(this.at);
    void this.open();
  }

  private connect(url: string, tickets: readonly string[]): void {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.socket?.close();
    this.socket = socket;
    socket.addEventListener('open', () => {
      socket.send(JSON.stringify({ tickets }));
      this.ask();
    });
    socket.addEventListener('message', (event: MessageEvent<ArrayBuffer | string>) => {
      if (this.socket !== socket) return;
      if (typeof event.data === 'string') this.hear(JSON.parse(event.data) as Told);
      else this.take(event.data);
    });
    socket.addEventListener('close', () => {
      if (this.socket !== socket || this.ended) return;
      this.socket = null;
      for (const seat of this.seats) seat.pending = null;
      if (this.problem) return;
      for (const seat of this.seats) if (!seat.blocked) seat.shows = 'failed';
      this.later();
    });
  }

  private hear(told: Told): void {
    const seat = told.seat === undefined ? undefined : this.numbers[told.seat];
    if (told.type === 'bye') this.given = null;
    if (!seat) return;
    if (told.type === 'given') this.failures = 0;
    else if (told.type === 'init') {
      seat.mime = told.mime ?? '';
      if (!Picture.plays(seat.mime)) this.fail(seat, 'codec');
    } else if (told.type === 'over') {
      seat.shows = 'over';
      seat.reel?.clear();
      void this.open();
    } else if (told.turn === this.turn) {
      if (told.type === 'failed') this.fail(seat);
      else if (seat.pending !== null) {
        const asked = seat.pending;
        seat.pending = null;
        const came = told.until ?? 0;
        // Where pictures go on, the next ask begins where they ended; else what was asked for is behind us.
        seat.reached = came > asked || (came > seat.reached && asked - came < 2500 && spanAt(seat.spans, asked)) ? came : asked;
      }
    }
  }

  private fail(seat: Seat, why = ''): void {
    seat.shows = 'failed';
    seat.said = why;
  }

  private take(message: ArrayBuffer): void {
    const view = new DataView(message);
    const seat = this.numbers[view.getUint8(1)];
    if (!seat?.reel || seat.blocked || view.getUint32(4) !== this.turn) return;
    if (view.getUint8(0) === 0) seat.reel.take(seat.mime, new Uint8Array(message, head), null);
    else for (const one of pieces(message, head)) seat.reel.take(seat.mime, one.data, one.at);
    seat.reel.go();
  }

  /** Asks for what comes next, for each camera that has something there. */
  private ask(): void {
    if (this.socket?.readyState !== WebSocket.OPEN || !this.given) return;
    const keys = this.speed >= fast;
    const far = this.at + ahead * Math.max(1, this.speed) * (keys ? 2 : 1);
    for (const [number, seat] of this.numbers.entries()) {
      if (seat.blocked || seat.pending !== null || seat.reached >= Math.min(far, this.given.to) || !seat.reel) continue;
      if (!spanAt(seat.spans, seat.reached)) {
        const next = nextAfter(seat.spans, seat.reached);
        seat.reached = Math.min(next ?? far, far);
        if (next === null || next >= far) continue;
      }
      const long = seat.fresh && !keys ? atFirst : atOnce * (keys ? 2 : 1);
      seat.fresh = false;
      const until = Math.min(this.given.to, seat.reached + long * Math.max(1, this.speed));
      if (until <= seat.reached) continue;
      seat.pending = until;
      this.socket.send(JSON.stringify({ ask: { turn: this.turn, seat: number, from: Math.floor(seat.reached), until: Math.ceil(until), base: this.base, keys } }));
    }
  }

  private tick(): void {
    if (this.ended) return;
    const now = performance.now();
    const passed = Math.min(500, now - this.last);
    this.last = now;
    const ready = this.seats.map((seat) => this.place(seat));
    this.snap();
    const waits = ready.includes(false) && now - this.waited < patience;
    if (!ready.includes(false)) this.waited = now;
    if (this.playing && !waits) {
      this.at = Math.min(this.right.to, this.at + passed * this.speed);
      if (this.at >= this.right.to) this.playing = false;
    }
    for (const seat of this.seats) {
      if (seat.shows === 'picture') seat.reel?.follow(this.at, this.playing && !waits ? this.speed : 0);
      else seat.reel?.rest();
    }
    this.keepOn(now);
    this.timer = requestAnimationFrame(() => this.tick());
  }

  /** What was approved begins amid a group of pictures: the first that may be seen is a moment later. */
  private snap(): void {
    if (this.at - this.right.from > 3000) return;
    const firsts = this.seats
      .filter((seat) => seat.shows === 'gap' && seat.pending === null && spanAt(seat.spans, this.at))
      .map((seat) => neighbour(seat.reel?.pictures ?? [], this.at, 1) ?? Infinity)
      .filter((first) => first - this.at < 3000);
    if (firsts.length > 0) this.at = Math.max(...firsts);
  }

  /** What a seat shows now; false where its picture is on its way. */
  private place(seat: Seat): boolean {
    if (seat.blocked) return true;
    if ((seat.reel?.reach(this.at) ?? null) !== null) {
      seat.shows = 'picture';
      return true;
    }
    if (!spanAt(seat.spans, this.at)) {
      seat.shows = 'gap';
      return true;
    }
    const coming = seat.pending !== null || seat.reached <= this.at || !this.given;
    seat.shows = coming ? 'loading' : 'gap';
    return !coming;
  }

  private keepOn(now: number): void {
    if (!this.given || !this.socket) return;
    const short = this.given.to < this.right.to && this.at + 3 * ahead * Math.max(1, this.speed) > this.given.to;
    if (short || this.at < this.given.from || this.at > this.given.to || now > this.renewAt) {
      this.renewAt = now + 10_000;
      void this.open();
    }
    this.ask();
  }

  private seen(seat: Seat, at: number): void {
    if (Math.abs(at - this.at) < 1500) seat.shown = true;
    if (!this.seeking || this.seats.some((one) => one.shows === 'loading' || (one.shows === 'picture' && !one.shown))) return;
    this.seeking = false;
    this.sought = Math.round(performance.now() - this.clicked);
  }
}
