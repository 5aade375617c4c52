import { describe, expect, it } from 'vitest';
import { crosses, moved, split, without, type Polygon } from './masks';

const square: Polygon = [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.4]];

describe('masks', () => {
  it('moves one point and keeps it within the picture', () => {
    expect(moved([square], 0, 0, [0.01, 0])[0]?.[0]).toEqual([0.21, 0.2]);
    expect(moved([square], 0, 1, [0.9, -0.9])[0]?.[1]).toEqual([1, 0]);
    expect(moved([square, square], 1, 0, [0.1, 0.1])[0]).toEqual(square);
  });
  it('makes a point between two, and takes one away', () => {
    expect(split([square], 0, 3)[0]?.[4]).toEqual([0.2, 0.3]);
    expect(without([square], 0, 0)[0]).toHaveLength(3);
    expect(without([square.slice(0, 3)], 0, 0)).toEqual([]);
  });
  it('knows sides that cross', () => {
    expect(crosses(square)).toBe(false);
    expect(crosses([[0, 0], [1, 1], [1, 0], [0, 1]])).toBe(true);
  });
});
