import type { Drawn, Mark, Ring } from './types';

export interface Point {
  readonly x: number;
  readonly y: number;
}
const earth = 6_371_008.8;
const radians = Math.PI / 180;

/** Metres east and south of a place: what a screen's x and y are. */
export function flat(middle: readonly [number, number]): (at: readonly [number, number]) => Point {
  const wide = earth * Math.cos(middle[1] * radians);
  return ([lon, lat]) => ({ x: (lon - middle[0]) * radians * wide, y: (middle[1] - lat) * radians * earth });
}

export function centre(ring: Ring, place: (at: readonly [number, number]) => Point): Point {
  const corners = ring.slice(0, -1).map(place);
  return { x: corners.reduce((sum, p) => sum + p.x, 0) / corners.length, y: corners.reduce((sum, p) => sum + p.y, 0) / corners.length };
}

/** Where each hall's name is written: beside its westernmost stall. Stalls of all halls have the same numbers. */
export function halls(stalls: readonly Drawn[], place: (at: readonly [number, number]) => Point): readonly { readonly zone: string; readonly at: Point }[] {
  const west = new Map<string, Point>();
  for (const one of stalls) {
    if (!one.zone) continue;
    const at = centre(one.outline, place);
    const known = west.get(one.zone);
    if (!known || at.x < known.x) west.set(one.zone, at);
  }
  return [...west].map(([zone, at]) => ({ zone, at: { x: at.x - 7.2, y: at.y } }));
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The rectangle around all stalls, with a margin in metres that marks beside them fit in. */
export function around(stalls: readonly Drawn[], place: (at: readonly [number, number]) => Point, margin: number): Box {
  const points = stalls.flatMap((one) => one.outline.map(place));
  if (points.length === 0) return { x: -50, y: -50, width: 100, height: 100 };
  const xs = points.map((p) => p.x);
  const ys = points.map((p) => p.y);
  const x = Math.min(...xs) - margin;
  const y = Math.min(...ys) - margin;
  return { x, y, width: Math.max(...xs) + margin - x, height: Math.max(...ys) + margin - y };
}

export const within = (box: Box, at: Point): boolean => at.x > box.x && at.x < box.x + box.width && at.y > box.y && at.y < box.y + box.height;

export const placed = (marks: readonly Mark[], place: (at: readonly [number, number]) => Point): readonly { mark: Mark; at: Point }[] => marks.map((mark) => ({ mark, at: place([mark.lon, mark.lat]) }));

/** The nearest of `others` in the direction of an arrow key: what lies sideways counts double, so that a row is followed. */
export function towards(from: Point, others: readonly { readonly id: string; readonly at: Point }[], key: string): string | null {
  const dx = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
  const dy = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
  let best: string | null = null;
  let least = Infinity;
  for (const other of others) {
    const x = other.at.x - from.x;
    const y = other.at.y - from.y;
    const ahead = x * dx + y * dy;
    if (ahead < 0.3) continue;
    const far = ahead + 2.5 * Math.abs(x * dy - y * dx);
    if (far < least) [least, best] = [far, other.id];
  }
  return best;
}
