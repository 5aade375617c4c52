/** Polygons over a picture, as shares of its width and height. Pure. */
export type Point = readonly [number, number];
export type Polygon = readonly Point[];
export const mostPoints = 100;

export const within = (value: number): number => Math.min(1, Math.max(0, value));
const rounded = (value: number): number => Math.round(within(value) * 10_000) / 10_000;

/** The polygons with one point moved by so much. */
export function moved(all: readonly Polygon[], polygon: number, point: number, by: Point): Polygon[] {
  return placed(all, polygon, point, [(all[polygon]?.[point]?.[0] ?? 0) + by[0], (all[polygon]?.[point]?.[1] ?? 0) + by[1]]);
}

export function placed(all: readonly Polygon[], polygon: number, point: number, at: Point): Polygon[] {
  return all.map((one, i) => (i === polygon ? one.map((p, j) => (j === point ? ([rounded(at[0]), rounded(at[1])] as const) : p)) : one));
}

/** A new point in the middle of the side behind this one. */
export function split(all: readonly Polygon[], polygon: number, point: number): Polygon[] {
  return all.map((one, i) => {
    const a = one[point];
    const b = one[(point + 1) % one.length];
    if (i !== polygon || !a || !b || one.length >= mostPoints) return one;
    return [...one.slice(0, point + 1), [rounded((a[0] + b[0]) / 2), rounded((a[1] + b[1]) / 2)] as const, ...one.slice(point + 1)];
  });
}

/** Without a point; a polygon of three goes whole. */
export function without(all: readonly Polygon[], polygon: number, point: number): Polygon[] {
  return all.flatMap((one, i) => (i !== polygon ? [one] : one.length <= 3 ? [] : [one.filter((_, j) => j !== point)]));
}

const turn = (a: Point, b: Point, c: Point): number => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));

/** Whether two sides cross; the server looks again, and more closely. */
export function crosses(one: Polygon): boolean {
  const sides = one.map((a, i) => [a, one[(i + 1) % one.length] ?? a] as const);
  return sides.some(([a, b], i) =>
    sides.some(([c, d], j) => j > i + 1 && !(i === 0 && j === sides.length - 1) && turn(a, b, c) !== turn(a, b, d) && turn(c, d, a) !== turn(c, d, b)),
  );
}
