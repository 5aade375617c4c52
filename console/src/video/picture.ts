/** Fragments of one camera into a video element, at the live edge. A picture is 24 bytes of head and then fragmented MP4. */
const head = 24;
const keep = 12;
/** Seconds behind the newest picture: beyond the first the picture runs a little faster, beyond the second it jumps. */
const slow = 0.35;
const lost = 1.2;
const near = 0.12;

interface Came {
  readonly at: number;
  readonly came: number;
}

export class Picture {
  /** When a picture is shown: how old it is by the relay's clock, in milliseconds since 1970 at the relay. */
  onshown: (cameMs: number) => void = () => undefined;
  onbroken: () => void = () => undefined;
  private source: MediaSource | null = null;
  private buffer: SourceBuffer | null = null;
  private url = '';
  private waiting: ArrayBuffer[] = [];
  private came: Came[] = [];
  private asked = 0;

  constructor(private readonly video: HTMLVideoElement) {
    video.muted = true;
    video.playsInline = true;
    this.watch();
  }

  static plays(mime: string): boolean {
    return 'MediaSource' in globalThis && MediaSource.isTypeSupported(mime);
  }

  /** A stream begins, or begins anew. */
  begin(mime: string): void {
    this.clear();
    const source = new MediaSource();
    this.source = source;
    this.url = URL.createObjectURL(source);
    source.addEventListener('sourceopen', () => {
      if (this.source !== source) return;
      const buffer = source.addSourceBuffer(mime);
      this.buffer = buffer;
      buffer.addEventListener('updateend', () => this.moved());
      buffer.addEventListener('error', () => this.onbroken());
      this.next();
    }, { once: true });
    this.video.src = this.url;
    void this.video.play().catch(() => undefined);
  }

  /** A binary message of the relay. */
  take(message: ArrayBuffer): void {
    const view = new DataView(message);
    if (view.getUint8(0) !== 0) {
      this.came.push({ at: view.getFloat64(8), came: view.getFloat64(16) });
      if (this.came.length > 300) this.came.splice(0, 150);
    }
    this.waiting.push(message.slice(head));
    this.next();
  }

  /** Nothing is seen any more, until a stream begins anew. */
  blank(): void {
    this.clear();
  }

  end(): void {
    this.clear();
    this.video.cancelVideoFrameCallback?.(this.asked);
    this.asked = -1;
  }

  private clear(): void {
    this.waiting = [];
    this.came = [];
    this.buffer = null;
    this.source = null;
    if (this.url) {
      this.video.removeAttribute('src');
      this.video.load();
      URL.revokeObjectURL(this.url);
      this.url = '';
    }
  }

  private next(): void {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || this.source?.readyState !== 'open') return;
    const data = this.waiting.length > 1 ? joined(this.waiting.splice(0)) : this.waiting.shift();
    if (!data) return;
    try {
      buffer.appendBuffer(data);
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
      this.follow(ranges.start(last), ranges.end(last));
      if (ranges.end(last) - ranges.start(0) > 2 * keep) {
        buffer.remove(0, ranges.end(last) - keep);
        return;
      }
    }
    this.next();
  }

  /** Stays at the newest picture: a little faster when behind, a jump when far behind or in a gap. */
  private follow(start: number, end: number): void {
    const behind = end - this.video.currentTime;
    if (this.video.currentTime < start || behind > lost) {
      this.video.currentTime = Math.max(start, end - near);
      this.video.playbackRate = 1;
    } else {
      this.video.playbackRate = behind > slow ? 1.1 : 1;
    }
    if (this.video.paused) void this.video.play().catch(() => undefined);
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

function joined(parts: readonly ArrayBuffer[]): ArrayBuffer {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    out.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return out.buffer;
}
