import { expect, test } from 'vitest';
import { around, centre, flat, towards } from './geometry';
import type { Ring } from './types';

const middle = [127, 37] as const;
const place = flat(middle);
const ring: Ring = [[127, 37], [127.0001, 37], [127.0001, 37.0001], [127, 37.0001], [127, 37]];

test('north is up, metres are metres', () => {
  const at = place([127.0001, 37.0001]);
  expect(at.x).toBeCloseTo(8.88, 1);
  expect(at.y).toBeCloseTo(-11.12, 1);
  expect(centre(ring, place).x).toBeCloseTo(4.44, 1);
});

test('the box holds every stall and its margin', () => {
  const box = around([{ id: 'a', number: '1', zone: null, outline: ring, tone: 'normal', says: '' }], place, 5);
  expect(box.width).toBeCloseTo(18.88, 1);
  expect(box.y).toBeCloseTo(-16.12, 1);
});

test('arrows follow a row before they cross a lane', () => {
  const others = [{ id: 'beside', at: { x: 6, y: 0 } }, { id: 'across', at: { x: 3, y: 4 } }, { id: 'behind', at: { x: -3, y: 0 } }];
  expect(towards({ x: 0, y: 0 }, others, 'ArrowRight')).toBe('beside');
  expect(towards({ x: 0, y: 0 }, others, 'ArrowDown')).toBe('across');
  expect(towards({ x: 0, y: 0 }, others, 'ArrowLeft')).toBe('behind');
  expect(towards({ x: 0, y: 0 }, others, 'ArrowUp')).toBe(null);
  expect(towards({ x: 0, y: 0 }, others, 'Enter')).toBe(null);
});
