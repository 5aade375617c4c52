/** A line that stayed, went or came. Numbers count from 1 in the text where the line stands. */
export interface DiffLine {
  readonly kind: 'same' | 'gone' | 'new';
  readonly text: string;
  readonly before: number | null;
  readonly after: number | null;
}

/** Lines folded away between changes. */
export interface Fold {
  readonly kind: 'fold';
  readonly count: number;
  readonly from: number;
}

const most = 4_000_000;

/** What differs between two texts, line by line: the longest common part stays. */
export function difference(before: string, after: string): DiffLine[] {
  const a = before.split(/\r?\n/);
  const b = after.split(/\r?\n/);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const same = (i: number, j: number): DiffLine => ({ kind: 'same', text: a[i] ?? '', before: i + 1, after: j + 1 });
  const out = Array.from({ length: head }, (_, n) => same(n, n));
  out.push(...middle(a, b, head, a.length - tail, b.length - tail));
  for (let n = tail; n > 0; n -= 1) out.push(same(a.length - n, b.length - n));
  return out;
}

function middle(a: readonly string[], b: readonly string[], head: number, aEnd: number, bEnd: number): DiffLine[] {
  const gone = (i: number): DiffLine => ({ kind: 'gone', text: a[i] ?? '', before: i + 1, after: null });
  const come = (j: number): DiffLine => ({ kind: 'new', text: b[j] ?? '', before: null, after: j + 1 });
  const rows = aEnd - head;
  const columns = bEnd - head;
  const out: DiffLine[] = [];
  if (rows * columns > most) {
    for (let i = head; i < aEnd; i += 1) out.push(gone(i));
    for (let j = head; j < bEnd; j += 1) out.push(come(j));
    return out;
  }
  const width = columns + 1;
  const longest = new Uint16Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i -= 1)
    for (let j = columns - 1; j >= 0; j -= 1)
      longest[i * width + j] = a[head + i] === b[head + j] ? (longest[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0);
  let i = 0;
  let j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && a[head + i] === b[head + j]) {
      out.push({ kind: 'same', text: a[head + i] ?? '', before: head + i + 1, after: head + j + 1 });
      i += 1;
      j += 1;
    } else if (j >= columns || (i < rows && (longest[(i + 1) * width + j] ?? 0) >= (longest[i * width + j + 1] ?? 0))) out.push(gone(head + i++));
    else out.push(come(head + j++));
  }
  return out;
}

/** The same with what stayed folded away, but for `around` lines about each change. */
export function folded(lines: readonly DiffLine[], around = 3): (DiffLine | Fold)[] {
  const near = new Set<number>();
  lines.forEach((line, n) => {
    if (line.kind !== 'same') for (let at = n - around; at <= n + around; at += 1) near.add(at);
  });
  const out: (DiffLine | Fold)[] = [];
  let start = -1;
  lines.forEach((line, n) => {
    if (near.has(n)) {
      if (start >= 0) out.push({ kind: 'fold', count: n - start, from: start });
      start = -1;
      out.push(line);
    } else if (start < 0) start = n;
  });
  if (start >= 0) out.push({ kind: 'fold', count: lines.length - start, from: start });
  return out;
}
