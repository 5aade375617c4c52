import { Edge } from './edge';
import { joined, pieces } from './pieces';

/** Fragments of one camera into a video element, at the live edge. */
const keep = 12;

interface Came {
  readonly at: number;
  readonly came: number;
}

export class Picture {
  /** When a picture is shown: when it came in at the relay, in milliseconds since 1970 there. */
  onshown: (cameMs: number) => void = () => undefined;
  onbroken: () => void = () => undefined;
  private source: MediaSource | null = null;
  private opened = false;
  private mime = '';
  private buffer: SourceBuffer | null = null;
  private url = '';
  private waiting: Uint8Array<ArrayBuffer>[] = [];
  private came: Came[] = [];
  /** The first picture's time on the stream's clock: it is the element's zero, so that nothing is sought before it is seen. */
  private first: number | null = null;
  private edge = new Edge();
  private asked = 0;
  private readonly late = (): void => this.edge.late();

  constructor(private readonly video: HTMLVideoElement) {
    video.muted = true;
    video.playsInline = true;
    video.addEventListener('waiting', this.late);
    this.watch();
  }

  static plays(mime: string): boolean {
    return 'MediaSource' in globalThis && MediaSource.isTypeSupported(mime);
  }

  /** The element is made ready for a stream that is still being asked for. */
  ready(): void {
    if (!('MediaSource' in globalThis)) return;
    this.clear();
    const source = new MediaSource();
    this.source = source;
    this.url = URL.createObjectURL(source);
    source.addEventListener('sourceopen', () => {
      if (this.source !== source) return;
      this.opened = true;
      this.attach();
    }, { once: true });
    this.video.src = this.url;
  }

  /** A stream begins, or begins anew. */
  begin(mime: string): void {
    if (!this.source || this.mime) this.ready();
    this.mime = mime;
    this.attach();
    void this.video.play().catch(() => undefined);
  }

  /** A binary message of the relay. */
  take(message: ArrayBuffer): void {
    for (const one of pieces(message)) {
      if (one.kind !== 0) {
        this.first ??= one.at;
        this.edge.came(one.at);
        this.came.push({ at: one.at - this.first, came: one.other });
        if (this.came.length > 300) this.came.splice(0, 150);
      }
      this.waiting.push(one.data);
    }
    this.next();
  }

  /** Nothing is seen any more, until a stream begins anew. */
  blank(): void {
    this.clear();
  }

  end(): void {
    this.clear();
    this.video.removeEventListener('waiting', this.late);
    this.video.cancelVideoFrameCallback?.(this.asked);
    this.asked = -1;
  }

  private attach(): void {
    if (!this.opened || !this.mime || this.buffer || !this.source) return;
    const buffer = this.source.addSourceBuffer(this.mime);
    this.buffer = buffer;
    buffer.addEventListener('updateend', () => this.moved());
    buffer.addEventListener('error', () => this.onbroken());
    this.next();
  }

  private clear(): void {
    this.waiting = [];
    this.came = [];
    this.first = null;
    this.edge = new Edge();
    this.buffer = null;
    this.source = null;
    this.opened = false;
    this.mime = '';
    if (this.url) {
      this.video.removeAttribute('src');
      this.video.load();
      URL.revokeObjectURL(this.url);
      this.url = '';
    }
  }

  private next(): void {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || this.source?.readyState !== 'open' || this.first === null) return;
    if (this.waiting.length === 0) return;
    try {
      if (buffer.timestampOffset !== -this.first) buffer.timestampOffset = -this.first;
      buffer.appendBuffer(joined(this.waiting.splice(0)));
    } catch {
      this.onbroken();
    }
  }

  private moved(): void {
    const buffer = this.buffer;
    if (!buffer || buffer.updating) return;
    const ranges = buffer.buffered;
    if (ranges.length > 0) {
      const last = ranges.length - 1;
      if (this.waiting.length === 0) this.follow(ranges.start(last), ranges.end(last));
      if (ranges.end(last) - ranges.start(0) > 2 * keep) {
        buffer.remove(0, ranges.end(last) - keep);
        return;
      }
    }
    this.next();
  }

  /** Stays at the newest picture: faster the farther it is behind, a jump when it is lost or stands in a gap. */
  private follow(start: number, end: number): void {
    const video = this.video;
    const told = this.edge.move(start, end, video.currentTime, video.seeking);
    if (told.jump !== null) video.currentTime = told.jump;
    if (Math.abs(video.playbackRate - told.rate) > 0.04) video.playbackRate = told.rate;
    if (video.paused) void video.play().catch(() => undefined);
  }

  private watch(): void {
    if (!('requestVideoFrameCallback' in this.video)) return;
    this.asked = this.video.requestVideoFrameCallback((_now, shown) => {
      if (this.asked === -1) return;
      let found: Came | undefined;
      for (const one of this.came) if (one.at <= shown.mediaTime + 0.001) found = one;
      if (found) this.onshown(found.came);
      this.watch();
    });
  }
}
