import { expect, it } from 'vitest';
import { goldenState, mostUrgent } from './golden';

const start = '2026-12-05T03:11:14Z';
const after = (seconds: number): Date => new Date(Date.parse(start) + seconds * 1000);
const running = { name: 'report_119', started_at: start, stopped_at: null, target_s: 120 };

it('is grey in time, amber from 80 % of the target, red over it', () => {
  expect([0, 95, 96, 120, 121].map((s) => goldenState(running, after(s)).state)).toEqual(['running', 'running', 'near', 'near', 'over']);
  expect(goldenState(running, after(155)).over).toBe(35);
});

it('keeps its verdict once stopped', () => {
  const stopped = (s: number) => ({ ...running, stopped_at: after(s).toISOString() });
  expect(goldenState(stopped(100), after(900)).state).toBe('met');
  expect(goldenState(stopped(130), after(900)).state).toBe('missed');
});

it('shows the clock with the least time left first', () => {
  const other = { ...running, name: 'gas', target_s: 60 };
  const done = { ...running, name: 'done', target_s: 1, stopped_at: start };
  expect(mostUrgent([running, other, done], after(10))?.name).toBe('gas');
  expect(mostUrgent([done], after(10))).toBeNull();
});
