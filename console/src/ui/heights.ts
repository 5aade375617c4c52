/**
 * Where each row of a long list lies, when rows are of different heights: sums in a Fenwick tree, so that 50,000 rows cost
 * no more than a few steps. Heights in px.
 */
export class Heights {
  private readonly tree: Float64Array;
  private readonly own: Float64Array;
  private readonly top: number;

  constructor(heights: Float64Array) {
    this.own = heights;
    this.tree = new Float64Array(heights.length + 1);
    for (let i = 1; i <= heights.length; i += 1) {
      this.tree[i] = (this.tree[i] as number) + (heights[i - 1] as number);
      const up = i + (i & -i);
      if (up <= heights.length) this.tree[up] = (this.tree[up] as number) + (this.tree[i] as number);
    }
    this.top = heights.length === 0 ? 0 : 2 ** Math.floor(Math.log2(heights.length));
  }

  get total(): number {
    return this.above(this.own.length);
  }

  of(index: number): number {
    return this.own[index] ?? 0;
  }

  /** The height of all rows before `index`. */
  above(index: number): number {
    let sum = 0;
    for (let i = Math.min(index, this.own.length); i > 0; i -= i & -i) sum += this.tree[i] as number;
    return sum;
  }

  /** The row at this distance from the top; the last one beyond the end. */
  at(y: number): number {
    let index = 0;
    let left = y;
    for (let step = this.top; step > 0; step >>= 1) {
      const next = index + step;
      if (next <= this.own.length && (this.tree[next] as number) <= left) {
        index = next;
        left -= this.tree[next] as number;
      }
    }
    return Math.max(0, Math.min(index, this.own.length - 1));
  }

  /** Notes what a row has turned out to be; true where that is news. */
  set(index: number, height: number): boolean {
    const by = height - this.of(index);
    if (index >= this.own.length || Math.abs(by) < 0.5) return false;
    this.own[index] = height;
    for (let i = index + 1; i < this.tree.length; i += i & -i) this.tree[i] = (this.tree[i] as number) + by;
    return true;
  }
}
