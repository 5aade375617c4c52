export interface Part {
  readonly kind: 'table' | 'key' | 'string' | 'number' | 'flag' | 'comment' | 'plain';
  readonly text: string;
}

const tokens = /(#.*$)|("(?:[^"\\]|\\.)*"?|'[^']*'?)|(^\s*\[\[?[^\]]*\]?\]?)|([A-Za-z_][\w.-]*(?=\s*=))|(\b(?:true|false)\b)|(-?\b\d[\d_.:TZ+-]*)/g;
const kinds = ['comment', 'string', 'table', 'key', 'flag', 'number'] as const;

/** One line of TOML in parts for colouring; only colours hang on it, the city itself reads the rule. */
export function parts(line: string): Part[] {
  const out: Part[] = [];
  let at = 0;
  for (const found of line.matchAll(tokens)) {
    if (found.index > at) out.push({ kind: 'plain', text: line.slice(at, found.index) });
    out.push({ kind: kinds[found.slice(1).findIndex((group) => group !== undefined)] ?? 'plain', text: found[0] });
    at = found.index + found[0].length;
  }
  if (at < line.length || line === '') out.push({ kind: 'plain', text: line.slice(at) || ' ' });
  return out;
}
