import { pieces, type Piece } from './pieces';

/** Fragments of one camera decoded picture by picture (WebCodecs) and painted as soon as they come: nothing waits for a clock. */
/** So many pictures may wait for the decoder; at first the group that was kept comes all at once. */
const most = 12;
const mostAtFirst = 120;

interface Waiting {
  readonly came: number;
  readonly frame: VideoFrame;
}

export class Frames {
  /** When a picture is shown: when it came in at the relay, in milliseconds since 1970 there. */
  onshown: (cameMs: number) => void = () => undefined;
  onbroken: () => void = () => undefined;
  private decoder: VideoDecoder | null = null;
  private codec = '';
  private came = new Map<number, number>();
  private count = 0;
  private needsKey = true;
  private fresh = true;
  private latest: Waiting | null = null;
  private asked = 0;
  private readonly pen: CanvasRenderingContext2D | null;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.pen = canvas.getContext('2d', { alpha: false, desynchronized: true });
  }

  /** Whether this browser decodes such a stream by itself; only pages that came safely may (HTTPS, or this machine). */
  static plays(mime: string): boolean {
    return 'VideoDecoder' in globalThis && isSecureContext && codecOf(mime).startsWith('avc1.');
  }

  /** A stream begins, or begins anew; its description comes as the next message. */
  begin(mime: string): void {
    this.clear();
    this.codec = codecOf(mime);
  }

  /** A binary message of the relay. */
  take(message: ArrayBuffer): void {
    for (const one of pieces(message)) {
      if (one.kind === 0) this.configure(one.data);
      else this.decode(one);
    }
  }

  private decode(one: Piece): void {
    const decoder = this.decoder;
    const key = (one.kind & 2) !== 0;
    if (!decoder || decoder.state !== 'configured') return;
    if (decoder.decodeQueueSize < 2 && this.count > 0) this.fresh = false;
    if (decoder.decodeQueueSize > (this.fresh ? mostAtFirst : most)) this.needsKey = true; // too far behind: on at the live edge
    if (this.needsKey && !key) return;
    this.needsKey = false;
    const data = inside(one.data, 'mdat');
    if (!data) return;
    const timestamp = this.count++;
    this.came.set(timestamp, one.other);
    if (this.came.size > 300) this.came.delete(timestamp - 300);
    decoder.decode(new EncodedVideoChunk({ type: key ? 'key' : 'delta', timestamp, data }));
  }

  /** Nothing is seen any more, until a stream begins anew. */
  blank(): void {
    this.clear();
    this.pen?.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  end(): void {
    this.blank();
  }

  private configure(init: Uint8Array<ArrayBuffer>): void {
    const description = record(init, 'avcC') ?? record(init, 'hvcC');
    const decoder = new VideoDecoder({
      output: (frame) => this.show(frame),
      error: () => {
        if (this.decoder === decoder) this.onbroken();
      },
    });
    decoder.configure({ codec: this.codec, optimizeForLatency: true, ...(description ? { description } : {}) });
    this.decoder = decoder;
  }

  /** The newest picture is painted with the screen's next; those that it overtook are not. */
  private show(frame: VideoFrame): void {
    this.latest?.frame.close();
    this.latest = { came: this.came.get(frame.timestamp) ?? 0, frame };
    if (this.asked === 0) this.asked = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.asked = 0;
    const shown = this.latest;
    if (!shown) return;
    this.latest = null;
    if (this.canvas.width !== shown.frame.displayWidth) this.canvas.width = shown.frame.displayWidth;
    if (this.canvas.height !== shown.frame.displayHeight) this.canvas.height = shown.frame.displayHeight;
    this.pen?.drawImage(shown.frame, 0, 0);
    shown.frame.close();
    if (shown.came > 0) this.onshown(shown.came);
  }

  private clear(): void {
    if (this.decoder && this.decoder.state !== 'closed') this.decoder.close();
    this.decoder = null;
    this.latest?.frame.close();
    this.latest = null;
    this.came.clear();
    this.needsKey = true;
    this.fresh = true;
    this.count = 0;
  }
}

function codecOf(mime: string): string {
  return /codecs="([^"]+)"/.exec(mime)?.[1] ?? '';
}

/** The content of the first box of a kind among those side by side (ISO/IEC 14496-12). */
function inside(data: Uint8Array<ArrayBuffer>, kind: string): Uint8Array<ArrayBuffer> | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at + 8 <= data.byteLength; ) {
    const size = view.getUint32(at);
    if (size < 8) return null;
    if (String.fromCharCode(...data.subarray(at + 4, at + 8)) === kind) return data.subarray(at + 8, at + size);
    at += size;
  }
  return null;
}

/** What a decoder wants to know first: the record inside the sample entry, wherever it stands. */
function record(init: Uint8Array<ArrayBuffer>, kind: string): Uint8Array<ArrayBuffer> | null {
  for (let at = 4; at + 4 < init.byteLength; at++) {
    if (String.fromCharCode(...init.subarray(at, at + 4)) !== kind) continue;
    const size = new DataView(init.buffer, init.byteOffset + at - 4, 4).getUint32(0);
    return size > 8 && at - 4 + size <= init.byteLength ? init.subarray(at + 4, at - 4 + size) : null;
  }
  return null;
}
