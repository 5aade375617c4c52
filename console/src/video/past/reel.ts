import { joined } from '../pieces';

/** One camera's pictures in a video element, on the player's clock: the element's time is the wall clock less `base`. */
export class Reel {
  /** The moments of the pictures that are here, in order. */
  pictures: number[] = [];
  onbroken: () => void = () => undefined;
  onshown: (at: number) => void = () => undefined;
  private source: MediaSource | null = null;
  private buffer: SourceBuffer | null = null;
  private url = '';
  private mime = '';
  private waiting: { readonly mime: string; readonly data: Uint8Array<ArrayBuffer> }[] = [];
  /** What is here is being taken out; nothing of it counts any more. */
  private emptying: 'wanted' | 'now' | null = null;
  private asked = 0;
  private ended = false;

  constructor(private readonly video: HTMLVideoElement, private readonly base: number) {
    video.muted = true;
    video.playsInline = true;
    this.watch();
  }

  /** A description or a picture; `at` is null for a description. Nothing is shown of it before `go`. */
  take(mime: string, data: Uint8Array<ArrayBuffer>, at: number | null): void {
    if (this.ended) return;
    if (at !== null) this.note(at);
    this.waiting.push({ mime, data });
  }

  /** All that came with one message has been taken. */
  go(): void {
    const first = this.waiting[0];
    if (!this.source && first && !this.ended) this.open(first.mime);
    this.next();
  }

  /** Forgets all pictures: others follow. */
  clear(): void {
    this.waiting = [];
    this.pictures = [];
    if (this.emptying !== 'now') this.emptying = 'wanted';
    this.next();
  }

  /** Up to when there are pictures from `at` on without a hole; null where there is none. */
  reach(at: number): number | null {
    const here = (at - this.base) / 1000;
    const ranges = this.emptying ? null : this.buffer?.buffered;
    for (let i = 0; ranges && i < ranges.length; i++) {
      if (ranges.start(i) <= here + 0.15 && here < ranges.end(i)) return this.base + ranges.end(i) * 1000;
    }
    return null;
  }

  /** Shows `at`, and runs on at `speed`; 0 stands still. */
  follow(at: number, speed: number): void {
    const video = this.video;
    const to = (at - this.base) / 1000 + 0.001;
    const off = video.currentTime - to;
    if (speed === 0) {
      if (!video.paused) video.pause();
      if (Math.abs(off) > 0.002 && !video.seeking) video.currentTime = to;
      return;
    }
    if (Math.abs(off) > 0.3 * Math.max(1, speed)) {
      if (!video.seeking) video.currentTime = to;
    }
    const rate = Math.min(16, Math.max(0.25, speed * (1 - Math.max(-0.2, Math.min(0.2, off / Math.max(1, speed))))));
    if (Math.abs(video.playbackRate - rate) > 0.02) video.playbackRate = rate;
    if (video.paused) void video.play().catch(() => undefined);
  }

  rest(): void {
    if (!this.video.paused) this.video.pause();
  }

  end(): void {
    this.ended = true;
    this.video.cancelVideoFrameCallback?.(this.asked);
    this.source = null;
    this.buffer = null;
    if (this.url) {
      this.video.removeAttribute('src');
      this.video.load();
      URL.revokeObjectURL(this.url);
    }
  }

  private note(at: number): void {
    const last = this.pictures.at(-1);
    if (last === undefined || at > last) this.pictures.push(at);
    else if (!this.pictures.includes(at)) this.pictures = [...this.pictures, at].sort((a, b) => a - b);
    if (this.pictures.length > 12_000) this.pictures.splice(0, 4_000);
  }

  private open(mime: string): void {
    const source = new MediaSource();
    this.source = source;
    this.mime = mime;
    this.url = URL.createObjectURL(source);
    source.addEventListener('sourceopen', () => {
      if (this.source !== source) return;
      this.buffer = source.addSourceBuffer(mime);
      this.buffer.addEventListener('updateend', () => this.updated());
      this.buffer.addEventListener('error', () => this.onbroken());
      this.next();
    }, { once: true });
    this.video.src = this.url;
  }

  private updated(): void {
    if (this.emptying === 'now') this.emptying = null;
    this.next();
  }

  private next(): void {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || this.source?.readyState !== 'open') return;
    try {
      if (this.emptying) {
        this.emptying = 'now';
        buffer.remove(0, Infinity);
        return;
      }
      const first = this.waiting[0];
      if (!first) return;
      if (first.mime !== this.mime) {
        buffer.changeType(first.mime);
        this.mime = first.mime;
      }
      let count = 0;
      while (count < 120 && this.waiting[count]?.mime === first.mime) count++;
      buffer.appendBuffer(joined(this.waiting.splice(0, count).map((one) => one.data)));
    } catch (error) {
      if (error instanceof DOMException && error.name === 'QuotaExceededError') this.makeRoom(buffer);
      else this.onbroken();
    }
  }

  /** The browser has no room: what lies far behind goes. */
  private makeRoom(buffer: SourceBuffer): void {
    const keep = Math.max(0, this.video.currentTime - 10);
    if (buffer.buffered.length > 0 && buffer.buffered.start(0) < keep) buffer.remove(0, keep);
    else this.onbroken();
  }

  private watch(): void {
    if (!('requestVideoFrameCallback' in this.video)) return;
    this.asked = this.video.requestVideoFrameCallback((_now, shown) => {
      if (this.ended) return;
      this.onshown(this.base + shown.mediaTime * 1000);
      this.watch();
    });
  }
}
