import { expect, test } from 'vitest';
import { cycleOf, ownOf, sentOf } from './own';

const shift = { id: 'D', ko: '주간', en: 'Day', begins: '07:00', ends: '19:00', days: 'every' } as const;
const pattern = { id: 'own', ko: '둘', en: 'Two', teams: 2, cycle: ['D', ''], step: 1, shifts: [shift], round_the_clock: false };

test('a cycle is written with blanks, commas and dashes', () => {
  expect(cycleOf(' D, D  N -,0 ')).toEqual(['D', 'D', 'N', '', '']);
  expect(cycleOf('')).toEqual([]);
});

test('a pattern comes back as it was sent', () => {
  expect(sentOf(ownOf(pattern))).toEqual({ ko: '둘', en: 'Two', shifts: [shift], cycle: ['D', ''], step: 1 });
});
