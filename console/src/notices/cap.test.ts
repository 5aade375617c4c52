import { expect, test } from 'vitest';
import { closed, ringOf } from './cap';

test('a ring goes to CAP closed and comes back without its last corner', () => {
  const ring = [[127.3, 36.5], [127.4, 36.5], [127.4, 36.6]] as const;
  const sent = closed(ring);
  expect(sent).toEqual([...ring, ring[0]]);
  expect(ringOf(sent.map(([lon, lat]) => `${lat},${lon}`).join(' '))).toEqual(ring);
});

test('two corners are no area', () => {
  expect(closed([[127, 36], [128, 36]])).toEqual([]);
  expect(ringOf('')).toEqual([]);
});
