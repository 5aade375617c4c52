import { expect, it } from 'vitest';
import { boundsOf, distance, sector, towards, within, type LonLat } from './geo';

const city: LonLat = [127.4262, 36.629];

it('measures and goes back', () => {
  for (const bearing of [0, 45, 90, 213]) expect(distance(city, towards(city, bearing, 250))).toBeCloseTo(250, 0);
  expect(towards(city, 0, 100)[1]).toBeGreaterThan(city[1]);
  expect(towards(city, 90, 100)[0]).toBeGreaterThan(city[0]);
});

it('draws what a camera sees', () => {
  const view = sector(city, 90, 60, 50);
  expect(within(towards(city, 90, 40), view)).toBe(true);
  expect(within(towards(city, 115, 40), view)).toBe(true);
  expect(within(towards(city, 125, 40), view)).toBe(false);
  expect(within(towards(city, 90, 55), view)).toBe(false);
  expect(within(towards(city, 270, 10), view)).toBe(false);
});

it('draws a circle where the direction is not known', () => {
  const view = sector(city, null, null, 50);
  for (const bearing of [0, 77, 180, 300]) expect(within(towards(city, bearing, 45), view)).toBe(true);
  expect(view.coordinates[0]?.[0]).toEqual(view.coordinates[0]?.at(-1));
});

it('leaves holes out and finds bounds', () => {
  const square = (d: number) => [[-d, -d], [d, -d], [d, d], [-d, d], [-d, -d]];
  const ring = { type: 'Polygon' as const, coordinates: [square(2), square(1)] };
  expect(within([1.5, 0], ring)).toBe(true);
  expect(within([0, 0], ring)).toBe(false);
  expect(boundsOf([ring])).toEqual([-2, -2, 2, 2]);
  expect(boundsOf([])).toBeNull();
});
