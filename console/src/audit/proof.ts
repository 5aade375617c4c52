/** Proves in the browser that a line stands in the log that the city has signed (RFC 6962), without trusting the server's word. */

export interface StoredLine {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly actor_name: string;
  readonly agency_id: string | null;
  readonly address: string | null;
  readonly action: string;
  readonly entity: string;
  readonly entity_id: string;
  readonly person_id: string | null;
  readonly purpose: string | null;
  /** What the log itself holds where words of the purpose were sealed: that is what is proven. */
  readonly purpose_kept?: string | null;
  readonly case_id: string | null;
  readonly outcome: string;
  /** What people call the case, and the thing where it is a case itself: told today, no part of the log. */
  readonly case_kind?: string | null;
  readonly case_no?: string | null;
  readonly entity_no?: string | null;
}

export interface AuditLine extends StoredLine {
  readonly seq: number;
}

export interface Checkpoint {
  readonly number: number;
  readonly size: number;
  readonly at: string;
  readonly note: string;
}

export interface ProvenLine {
  readonly seq: number;
  readonly leaf: string;
  readonly line: StoredLine | null;
  readonly checkpoint: Checkpoint | null;
  readonly proof: readonly string[];
}

const fields = ['id', 'at', 'actor', 'actor_name', 'agency_id', 'address', 'action', 'entity', 'entity_id', 'person_id', 'purpose', 'case_id', 'outcome'] as const;

/** Microseconds since 1970, exactly. */
function microseconds(at: string): string {
  const [whole = '', fraction = ''] = at.replace(/(Z|[+-]\d\d:\d\d)$/, '').split('.');
  const zone = /(Z|[+-]\d\d:\d\d)$/.exec(at)?.[0] ?? 'Z';
  return String(BigInt(Date.parse(whole + zone)) * 1000n + BigInt(fraction.padEnd(6, '0').slice(0, 6)));
}

/** A line's bytes: each field is its length in bytes, a colon and its text; nothing is "-". */
export function canonical(line: StoredLine): Uint8Array {
  const encoder = new TextEncoder();
  const parts = fields.map((name) => {
    const value = name === 'at' ? microseconds(line.at) : name === 'purpose' ? (line.purpose_kept ?? line.purpose) : line[name];
    return value === null ? '-' : `${encoder.encode(value).length}:${value}`;
  });
  return encoder.encode(parts.join(''));
}

async function sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
}

const zero = Uint8Array.of(0);
const one = Uint8Array.of(1);
const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const bytes = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** The root that the path leads to from `leaf`, number `index` of `size` (RFC 9162, 2.1.3.2); null where it cannot. */
async function climbed(leaf: Uint8Array, index: number, size: number, path: readonly string[]): Promise<Uint8Array | null> {
  let at = BigInt(index);
  let last = BigInt(size - 1);
  let found = leaf;
  for (const step of path) {
    if (last === 0n) return null;
    if (at & 1n || at === last) {
      found = await sha256(one, bytes(step), found);
      while (!(at & 1n) && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else found = await sha256(one, found, bytes(step));
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? found : null;
}

export type Proven = 'proven' | 'waiting' | 'destroyed' | 'wrong';

/** Whether what is shown hashes to the leaf, and the leaf leads to the root in the city's signed note. */
export async function proven(shown: ProvenLine): Promise<Proven> {
  if (shown.line !== null && hex(await sha256(zero, canonical(shown.line))) !== shown.leaf) return 'wrong';
  if (shown.checkpoint === null) return 'waiting';
  const [, size, root] = shown.checkpoint.note.split('\n');
  const found = await climbed(bytes(shown.leaf), shown.seq - 1, Number(size), shown.proof);
  if (found === null || btoa(String.fromCharCode(...found)) !== root) return 'wrong';
  return shown.line === null ? 'destroyed' : 'proven';
}
