import { expect, it } from 'vitest';
import { neighbour, nextAfter, spanAt, stretchAround, within } from './spans';

const two = [{ from: 0, to: 100 }, { from: 200, to: 300 }];

it('a moment lies in a stretch or in a gap, and a gap ends where the next begins', () => {
  expect(spanAt(two, 100)).toEqual(two[0]);
  expect(spanAt(two, 150)).toBe(null);
  expect(nextAfter(two, 150)).toBe(200);
  expect(nextAfter(two, 300)).toBe(null);
});

it('what is asked for stays within what was approved', () => {
  const right = { from: 1_000_000, to: 2_000_000 };
  expect(stretchAround(1_010_000, right)).toEqual({ from: 1_000_000, to: 1_790_000 });
  expect(stretchAround(1_990_000, right)).toEqual({ from: 1_870_000, to: 2_000_000 });
  expect(stretchAround(5_000_000, right)).toBe(null);
  expect(within(5, { from: 10, to: 20 })).toBe(10);
});

it('a step goes to the next picture and back to the one before', () => {
  const pictures = [0, 66, 133, 200];
  expect(neighbour(pictures, 66, 1)).toBe(133);
  expect(neighbour(pictures, 66, -1)).toBe(0);
  expect(neighbour(pictures, 100, -1)).toBe(66);
  expect(neighbour(pictures, 200, 1)).toBe(null);
  expect(neighbour(pictures, 0, -1)).toBe(null);
});
