import { Problem } from '../lib/api';
import { ask, connection, early, type Opening } from './asking';
import { Frames } from './frames';
import { Picture } from './picture';

export type Shows = 'asking' | 'connecting' | 'live' | 'stalled' | 'failed' | 'refused' | 'over';

interface Told {
  readonly type: 'state' | 'init' | 'pong' | 'bye';
  readonly state?: 'connecting' | 'live' | 'stalled' | 'failed';
  readonly why?: string | null;
  readonly mime?: string;
  readonly ping?: number;
  readonly now?: number;
}

const pauses = [500, 1000, 2000, 5000];
const pingEvery = 5000;
/** A ticket is asked for again so long before the old one is over. */
const ahead = 30_000;

/** One camera's live picture for one incident: asks for the right to see it, shows it, and goes on until it is over. */
export class Live {
  shows = $state<Shows>('asking');
  /** Why there is no picture: a word of the relay's, or a sentence of the server's in `said`. */
  why = $state<string | null>(null);
  said = $state('');
  /** From the relay's receipt to the screen, milliseconds. */
  delay = $state<number | null>(null);
  private socket: WebSocket | null = null;
  private picture: Picture;
  private frames: Frames | null = null;
  /** Whether the canvas shows the picture, not the video element. */
  painted = $state(false);
  private ended = false;
  private failures = 0;
  private offset: number | null = null;
  private best = Infinity;
  private timers = new Set<ReturnType<typeof setTimeout>>();
  private smooth: number | null = null;
  private told = 0;

  constructor(
    private readonly camera: string,
    private readonly incident: string | null,
    private readonly purpose: string,
    video: HTMLVideoElement,
    /** As the centre's own work: any camera, with or without an incident. */
    private readonly own = false,
    /** The camera's small stream, where it has one: many tiles at once. */
    private readonly small = false,
    /** Where pictures are painted one by one, for who needs them at once; null: the video element plays them. */
    canvas: HTMLCanvasElement | null = null,
  ) {
    if (canvas) {
      this.frames = new Frames(canvas);
      this.frames.onshown = (came) => this.shown(came);
      this.frames.onbroken = () => this.byElement();
    }
    this.picture = new Picture(video);
    this.picture.onshown = (came) => this.shown(came);
    this.picture.onbroken = () => this.socket?.close();
    if (!canvas) this.picture.ready();
    void this.open();
  }

  end(): void {
    this.ended = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.socket?.close();
    this.picture.end();
    this.frames?.end();
  }

  private later(act: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }

  private ask(): Promise<Opening> {
    return ask({ camera: this.camera, incident: this.incident, purpose: this.purpose, own: this.own });
  }

  private async open(): Promise<void> {
    const made = early();
    let opening: Opening;
    try {
      opening = await this.ask();
    } catch (error) {
      made?.close();
      this.notGiven(error);
      return;
    }
    if (this.ended) made?.close();
    else this.connect(opening, connection(opening, made));
  }

  private notGiven(error: unknown): void {
    if (this.ended) return;
    if (error instanceof Problem && !error.unanswered && error.status < 500 && error.status !== 429) {
      this.shows = error.status === 409 ? 'over' : 'refused';
      this.said = error.title;
    } else {
      this.failed('unanswered');
    }
  }

  private failed(why: string): void {
    if (this.ended) return;
    this.shows = 'failed';
    this.why = why;
    this.delay = null;
    this.later(() => void this.open(), pauses[Math.min(this.failures++, pauses.length - 1)] ?? 5000);
  }

  private connect(opening: Opening, socket: WebSocket): void {
    this.socket = socket;
    if (this.shows === 'asking') this.shows = 'connecting';
    let over = false;
    const present = (): void => {
      socket.send(JSON.stringify({ ticket: opening.ticket, ...(this.small ? { small: true } : {}) }));
      this.ping(socket);
      this.renew(socket, opening);
    };
    if (socket.readyState === WebSocket.OPEN) present();
    else socket.addEventListener('open', present);
    socket.addEventListener('message', (event: MessageEvent<ArrayBuffer | string>) => {
      if (typeof event.data !== 'string') (this.painted && this.frames ? this.frames : this.picture).take(event.data);
      else over = this.hear(JSON.parse(event.data) as Told) || over;
    });
    socket.addEventListener('close', () => {
      if (this.socket === socket) this.socket = null;
      if (this.ended || this.shows === 'refused') return;
      if (over) {
        this.shows = 'connecting';
        void this.open();
      } else {
        this.failed('relay');
      }
    });
  }

  /** Whether it said that the right is over: it is asked for again then, and the server says whether there still is a reason. */
  private hear(told: Told): boolean {
    if (told.type === 'bye') {
      this.picture.blank();
      this.frames?.blank();
      return told.why === 'over' || told.why === 'replaced';
    }
    if (told.type === 'pong') this.clock(told);
    else if (told.type === 'init') this.begin(told.mime ?? '');
    else if (told.state) {
      this.shows = told.state;
      this.why = told.why ?? null;
      if (told.state === 'live') this.failures = 0;
      else this.delay = null;
    }
    return false;
  }

  /** This browser's decoder gave up: on with the video element. */
  private byElement(): void {
    this.frames?.end();
    this.frames = null;
    this.painted = false;
    this.socket?.close();
  }

  private begin(mime: string): void {
    this.painted = this.frames !== null && Frames.plays(mime);
    if (this.painted && this.frames) {
      this.frames.begin(mime);
      return;
    }
    if (Picture.plays(mime)) {
      this.picture.begin(mime);
      return;
    }
    this.shows = 'refused';
    this.why = 'codec';
    this.socket?.close();
  }

  private ping(socket: WebSocket): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ ping: Date.now() }));
    this.later(() => this.ping(socket), pingEvery);
  }

  /** The relay's clock against ours, by the quickest answer. */
  private clock(told: Told): void {
    const round = Date.now() - (told.ping ?? 0);
    if (round <= this.best) {
      this.best = round;
      this.offset = (told.now ?? 0) - ((told.ping ?? 0) + round / 2);
    }
  }

  private shown(cameMs: number): void {
    if (this.offset === null || this.shows !== 'live') return;
    const now = Math.max(0, Date.now() + this.offset - cameMs);
    this.smooth = this.smooth === null ? now : this.smooth * 0.9 + now * 0.1;
    if (performance.now() - this.told > 1000) {
      this.told = performance.now();
      this.delay = Math.round(this.smooth);
    }
  }

  private renew(socket: WebSocket, opening: Opening): void {
    const left = Date.parse(opening.expires_at) - (Date.now() + (this.offset ?? 0));
    this.later(() => void this.goOn(socket), Math.max(5000, Math.min(left - ahead, 270_000)));
  }

  private async goOn(socket: WebSocket): Promise<void> {
    if (socket.readyState !== WebSocket.OPEN) return;
    try {
      const next = await this.ask();
      socket.send(JSON.stringify({ ticket: next.ticket }));
      this.renew(socket, next);
    } catch (error) {
      if (error instanceof Problem && (error.status === 403 || error.status === 409)) {
        this.notGiven(error);
        socket.close();
      } else this.later(() => void this.goOn(socket), 5000);
    }
  }
}
