import type { Fault } from './types';

export interface Piece {
  readonly kind: 'plain' | 'word' | 'code';
  readonly text: string;
}

/** A line of a manual as it is shown. Only looks hang on it: the city itself reads the manual. */
export interface Shown {
  readonly kind: 'front' | 'title' | 'step' | 'quote' | 'item' | 'prose' | 'blank';
  readonly depth: number;
  readonly pieces: readonly Piece[];
}

const item = /^(\s*)[-*] +(?:([^:：]{1,24})[:：](?=\s|$))?(.*)$/;

function coded(text: string): Piece[] {
  return text
    .split(/(`[^`]+`)/)
    .filter((part) => part !== '')
    .map((part) => (part.length > 2 && part.startsWith('`') && part.endsWith('`') ? { kind: 'code', text: part.slice(1, -1) } : { kind: 'plain', text: part }));
}

/** Every line of a manual, by its place in the text. */
export function shown(text: string): Shown[] {
  const lines = text.split(/\r?\n/);
  const end = lines[0]?.trim() === '---' ? lines.findIndex((line, n) => n > 0 && line.trim() === '---') : -1;
  return lines.map((line, n) => {
    if (n <= end) return { kind: 'front', depth: 0, pieces: [{ kind: 'plain', text: line }] };
    if (line.trim() === '') return { kind: 'blank', depth: 0, pieces: [] };
    if (line.startsWith('## ')) return { kind: 'step', depth: 0, pieces: coded(line.slice(3)) };
    if (line.startsWith('# ')) return { kind: 'title', depth: 0, pieces: coded(line.slice(2)) };
    if (line.startsWith('>')) return { kind: 'quote', depth: 0, pieces: coded(line.replace(/^>\s?/, '')) };
    const found = item.exec(line);
    if (!found) return { kind: 'prose', depth: 0, pieces: coded(line) };
    const pieces: Piece[] = found[2] === undefined ? [] : [{ kind: 'word', text: `${found[2]}:` }];
    return { kind: 'item', depth: Math.min(4, Math.floor((found[1] ?? '').length / 2)), pieces: [...pieces, ...coded(found[3] ?? '')] };
  });
}

/** A line cut at its faults, so that what is wrong can be underlined. */
export function marked(line: string, faults: readonly Fault[]): { readonly text: string; readonly wrong: boolean }[] {
  const out: { text: string; wrong: boolean }[] = [];
  let at = 0;
  for (const fault of [...faults].sort((a, b) => a.column - b.column)) {
    const whole = fault.length === 0;
    const start = Math.max(at, whole ? line.length - line.trimStart().length : Math.min(line.length, fault.column - 1));
    const end = whole ? line.length : Math.min(line.length, fault.column - 1 + fault.length);
    if (end <= start) continue;
    if (start > at) out.push({ text: line.slice(at, start), wrong: false });
    out.push({ text: line.slice(start, end), wrong: true });
    at = end;
  }
  if (at < line.length || out.length === 0) out.push({ text: line.slice(at) || ' ', wrong: false });
  return out;
}
