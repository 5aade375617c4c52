import type { Feature, FeatureCollection, Geometry, MultiPolygon, Polygon, Position } from 'geojson';

/** Small plane geometry around one place; good to centimetres within a city. Positions are WGS84 lon/lat. */
export type LonLat = readonly [number, number];
const metresPerDegree = 111_320;
const radians = Math.PI / 180;

/** Metres between two places. */
export function distance(a: LonLat, b: LonLat): number {
  const x = (b[0] - a[0]) * metresPerDegree * Math.cos(((a[1] + b[1]) / 2) * radians);
  const y = (b[1] - a[1]) * metresPerDegree;
  return Math.hypot(x, y);
}

/** The place `metres` from `from` towards `bearing` (degrees clockwise from north). */
export function towards(from: LonLat, bearing: number, metres: number): [number, number] {
  const x = Math.sin(bearing * radians) * metres;
  const y = Math.cos(bearing * radians) * metres;
  return [from[0] + x / (metresPerDegree * Math.cos(from[1] * radians)), from[1] + y / metresPerDegree];
}

/** What a camera sees on the plan: a sector, or a circle where it looks all around or its direction is unknown. */
export function sector(at: LonLat, azimuth: number | null, fov: number | null, range: number): Polygon {
  const around = azimuth === null || fov === null || fov >= 360;
  const width = around ? 360 : fov;
  const steps = Math.max(6, Math.ceil(width / 6));
  const arc: Position[] = [];
  for (let i = 0; i <= steps; i += 1) arc.push(towards(at, (around ? 0 : azimuth - width / 2) + (width * i) / steps, range));
  const ring = around ? arc : [[...at], ...arc, [...at]];
  if (around) ring[ring.length - 1] = ring[0] as Position;
  return { type: 'Polygon', coordinates: [ring] };
}

function inRing(point: LonLat, ring: readonly Position[]): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [xi = 0, yi = 0] = ring[i] as Position;
    const [xj = 0, yj = 0] = ring[j] as Position;
    if (yi > point[1] !== yj > point[1] && point[0] < ((xj - xi) * (point[1] - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** Whether a place lies in a polygon, holes left out. */
export function within(point: LonLat, shape: Geometry): boolean {
  const polygons = shape.type === 'Polygon' ? [(shape as Polygon).coordinates] : shape.type === 'MultiPolygon' ? (shape as MultiPolygon).coordinates : [];
  return polygons.some((rings) => rings[0] !== undefined && inRing(point, rings[0]) && !rings.slice(1).some((hole) => inRing(point, hole)));
}

export function collection<G extends Geometry>(features: Feature<G>[]): FeatureCollection<G> {
  return { type: 'FeatureCollection', features };
}

export function pointFeature(id: string, at: LonLat, properties: Record<string, unknown> = {}): Feature {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: [...at] }, properties: { id, ...properties } };
}

/** West, south, east, north of everything in some shapes; null where there is nothing. */
export function boundsOf(shapes: Iterable<Geometry>): [number, number, number, number] | null {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    if (typeof value[0] === 'number') {
      const [x, y] = value as [number, number];
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    } else value.forEach(visit);
  };
  for (const shape of shapes) if ('coordinates' in shape) visit(shape.coordinates);
  return box[0] === Infinity ? null : box;
}
