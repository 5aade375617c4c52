import { expect, it } from 'vitest';
import type { Incident } from '../lib/types';
import { inOrder, rowsOf } from './order';

const incident = (id: string, severity: string, opened: string): Incident => ({ id, severity, opened_at: opened }) as Incident;
const old = incident('old', 'watch', '2026-12-05T03:00:00Z');
const young = incident('young', 'watch', '2026-12-05T03:10:00Z');
const grave = incident('grave', 'critical', '2026-12-05T02:00:00Z');

it('puts the gravest first, then the newest', () => {
  expect(inOrder([old, grave, young]).map((i) => i.id)).toEqual(['grave', 'young', 'old']);
});

it('keeps every row in its place under the pointer', () => {
  const before = rowsOf([old], [], [], false);
  expect(rowsOf([old, grave], before, [], true)).toBe(before);
  expect(rowsOf([], before, [], true)).toBe(before);
  expect(rowsOf([old, grave], before, [], false)).toEqual(['grave', 'old']);
});

it('lets new incidents wait until they are asked for', () => {
  expect(rowsOf([old, grave], ['old'], ['grave'], false)).toEqual(['old']);
});
