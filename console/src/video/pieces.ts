/** What stands in a binary message of the relay: one picture or several, each behind a head of 24 bytes (src/dure/video/doors.py). */
export const head = 24;

export interface Piece {
  /** 0 a description, 1 a picture, 3 one that stands by itself. */
  readonly kind: number;
  /** Two times: for live pictures the stream's clock (s) and when it came in (ms since 1970), for past ones the wall clock and how long it is shown (ms). */
  readonly at: number;
  readonly other: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

export function pieces(message: ArrayBuffer, from = 0): readonly Piece[] {
  const view = new DataView(message);
  const out: Piece[] = [];
  for (let at = from; at + head <= message.byteLength; ) {
    const size = view.getUint32(at + 4);
    out.push({ kind: view.getUint8(at), at: view.getFloat64(at + 8), other: view.getFloat64(at + 16), data: new Uint8Array(message, at + head, size) });
    at += head + size;
  }
  return out;
}

export function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}
