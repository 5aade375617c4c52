import { describe, expect, it } from 'vitest';
import { Edge } from './edge';
import { grouped } from './together';

/** Plays pictures that come `late` seconds after their time; how far behind the newest the screen was after each. */
function played(lates: readonly number[], kept: number): readonly number[] {
  const edge = new Edge();
  const step = 1 / 15;
  let shown = 0;
  let rate = 1;
  let now = kept * step;
  let jumped = 0;
  const behind: number[] = [];
  for (let n = 0; n < kept; n++) edge.came(n * step);
  lates.forEach((late, i) => {
    const at = (kept + i) * step;
    const came = Math.max(now, at + late);
    const end = at;
    const to = shown + (came - now) * rate;
    if (to > end && i > 0) edge.late();
    shown = Math.min(to, Math.max(end, shown));
    now = came;
    edge.came(at);
    const told = edge.move(0, at + step, shown, false);
    rate = told.rate;
    if (told.jump !== null) {
      shown = told.jump;
      jumped++;
    }
    behind.push(at + step - shown);
  });
  expect(jumped).toBeLessThan(2);
  return behind;
}

describe('the live edge', () => {
  it('is reached from the kept group without a leap, and held', () => {
    const behind = played(Array.from({ length: 90 }, () => 0), 15);
    expect(behind[0]).toBeGreaterThan(0.9);
    expect(Math.max(...behind.slice(30))).toBeLessThan(0.12);
  });
  it('is leapt to from afar', () => {
    expect(Math.max(...played(Array.from({ length: 30 }, () => 0), 60).slice(1))).toBeLessThan(0.4);
  });
  it('is farther away where pictures come late, and near again afterwards', () => {
    const lates = Array.from({ length: 900 }, (_, i) => (i > 150 && i < 300 && i % 10 === 0 ? 0.2 : 0));
    const behind = played(lates, 15);
    expect(Math.max(...behind.slice(30, 150))).toBeLessThan(0.12);
    expect(Math.max(...behind.slice(160, 300))).toBeLessThan(0.6);
    expect(Math.max(...behind.slice(800))).toBeLessThan(0.2);
  });
  it('goes back into what is there after a hole', () => {
    expect(new Edge().move(10, 12, 3, false).jump).toBeGreaterThan(11);
    expect(new Edge().move(10, 12, 3, true).jump).toBeNull();
  });
});

describe('rights', () => {
  const one = (camera: string, incident: string | null = 'i', own = false) => ({ wanted: { camera, incident, purpose: 'p', own } });
  it('are asked for together where they are alike', () => {
    expect(grouped([one('a'), one('b'), one('c', 'j'), one('d', 'i', true)]).map((group) => group.map((each) => each.wanted.camera))).toEqual([['a', 'b'], ['c'], ['d']]);
    expect(grouped([one('a'), one('a')])).toHaveLength(2);
    expect(grouped(Array.from({ length: 20 }, (_, i) => one(String(i)))).map((group) => group.length)).toEqual([16, 4]);
  });
});
