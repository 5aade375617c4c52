import type { Span } from './types';

/** The stretch in which a moment lies. */
export function spanAt(spans: readonly Span[], at: number): Span | null {
  return spans.find((one) => one.from <= at && at <= one.to) ?? null;
}

/** When the next stretch after a moment begins. */
export function nextAfter(spans: readonly Span[], at: number): number | null {
  let best: number | null = null;
  for (const one of spans) if (one.from > at && (best === null || one.from < best)) best = one.from;
  return best;
}

/** What is asked for around a moment: a little before, and a while ahead; never outside what was approved. */
export function stretchAround(at: number, right: Span, before = 120_000, ahead = 780_000): Span | null {
  const from = Math.max(right.from, at - before);
  const to = Math.min(right.to, at + ahead);
  return to > from ? { from, to } : null;
}

/** The picture before or after a moment, out of the moments of pictures in order. */
export function neighbour(pictures: readonly number[], at: number, by: 1 | -1): number | null {
  let low = 0;
  let high = pictures.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pictures[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  if (by === 1) return pictures[low] ?? null;
  const now = pictures[low - 1];
  return now === undefined ? null : now < at - 1 ? now : (pictures[low - 2] ?? null);
}

/** A moment kept within a stretch. */
export const within = (at: number, span: Span): number => Math.min(span.to, Math.max(span.from, at));
