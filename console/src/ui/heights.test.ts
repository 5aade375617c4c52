import { describe, expect, it } from 'vitest';
import { Heights } from './heights';

/** A small generator of numbers, the same each time. */
function numbers(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return at / 2 ** 32;
  };
}

describe('heights of rows', () => {
  it.each([0, 1, 2, 7, 64, 1000])('adds up as plain sums do, for %i rows', (n) => {
    const random = numbers(n + 1);
    const plain = Array.from({ length: n }, () => 20 + Math.floor(random() * 80));
    const heights = new Heights(Float64Array.from(plain));
    for (let change = 0; change < 20 && n > 0; change += 1) {
      const index = Math.floor(random() * n);
      const height = 10 + Math.floor(random() * 200);
      expect(heights.set(index, height)).toBe(plain[index] !== height);
      plain[index] = height;
    }
    let y = 0;
    for (let index = 0; index < n; index += 1) {
      expect(heights.above(index)).toBeCloseTo(y);
      expect(heights.at(y)).toBe(index);
      expect(heights.at(y + (plain[index] as number) - 0.5)).toBe(index);
      y += plain[index] as number;
    }
    expect(heights.total).toBeCloseTo(y);
    expect(heights.at(y + 1000)).toBe(Math.max(0, n - 1));
    expect(heights.at(-5)).toBe(0);
  });

  it('finds a row of 50,000 in no time', () => {
    const heights = new Heights(new Float64Array(50_000).fill(60));
    const begun = performance.now();
    for (let i = 0; i < 10_000; i += 1) heights.at(i * 300);
    expect(performance.now() - begun).toBeLessThan(200);
  });
});
