import { josa } from './josa';

/** ICU MessageFormat as dure's catalogues use it: plain, number, plural, select arguments and dure's own `{name, josa, 이/가}`. */
export type Value = string | number | null | undefined;
export type Params = Readonly<Record<string, Value>>;

const counter = Symbol('count');
type Part = string | Argument | typeof counter;
interface Argument {
  readonly name: string;
  readonly kind: '' | 'number' | 'josa' | 'plural' | 'select';
  readonly style: string;
  readonly branches: ReadonlyMap<string, readonly Part[]>;
}
const kinds = ['', 'number', 'josa', 'plural', 'select'] as const;

class Reader {
  at = 0;
  constructor(readonly text: string) {}

  parts(inPlural: boolean, nested: boolean): Part[] {
    const out: Part[] = [];
    let plain = '';
    const flush = (): void => {
      if (plain) out.push(plain);
      plain = '';
    };
    while (this.at < this.text.length) {
      const c = this.text[this.at] as string;
      const following = this.text[this.at + 1] ?? '';
      if (c === '}' && nested) break;
      if (c === '}') throw new Error(`unmatched brace in ${this.text}`);
      if (c === '{') {
        flush();
        this.at += 1;
        out.push(this.argument(inPlural));
      } else if (c === '#' && inPlural) {
        flush();
        out.push(counter);
        this.at += 1;
      } else if (c === "'" && following === "'") {
        plain += "'";
        this.at += 2;
      } else if (c === "'" && (following === '{' || following === '}')) {
        const end = this.text.indexOf("'", this.at + 2);
        const stop = end < 0 ? this.text.length : end;
        plain += this.text.slice(this.at + 1, stop);
        this.at = stop + 1;
      } else {
        plain += c;
        this.at += 1;
      }
    }
    flush();
    return out;
  }

  private argument(inPlural: boolean): Argument {
    const name = this.until(',}').trim();
    if (this.take('}')) return { name, kind: '', style: '', branches: new Map() };
    this.at += 1;
    const word = this.until(',}').trim();
    const kind = kinds.find((known) => known === word);
    if (kind === undefined || kind === '') throw new Error(`unknown format ${word} in ${this.text}`);
    if (this.take('}')) return { name, kind, style: '', branches: new Map() };
    this.at += 1;
    if (kind === 'plural' || kind === 'select') return { name, kind, style: '', branches: this.branches(inPlural || kind === 'plural') };
    const style = this.until('}').trim();
    this.take('}');
    return { name, kind, style, branches: new Map() };
  }

  private branches(inPlural: boolean): Map<string, readonly Part[]> {
    const branches = new Map<string, readonly Part[]>();
    for (;;) {
      const label = this.until('{}').trim();
      if (this.take('}')) return branches;
      this.at += 1;
      branches.set(label, this.parts(inPlural, true));
      if (!this.take('}')) throw new Error(`unmatched brace in ${this.text}`);
    }
  }

  private until(stops: string): string {
    const start = this.at;
    while (this.at < this.text.length && !stops.includes(this.text[this.at] as string)) this.at += 1;
    if (this.at >= this.text.length) throw new Error(`unmatched brace in ${this.text}`);
    return this.text.slice(start, this.at);
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }
}

const parsed = new Map<string, readonly Part[]>();

/** Fills `message`. Throws where braces do not match or a format is unknown; an argument that is not given shows as nothing. */
export function format(message: string, language: string, params: Params = {}): string {
  let parts = parsed.get(message);
  if (!parts) {
    parts = new Reader(message).parts(false, false);
    parsed.set(message, parts);
  }
  return fill(parts, language, params, null);
}

function fill(parts: readonly Part[], language: string, params: Params, count: number | null): string {
  return parts.map((part) => (part === counter ? number(count, language) : typeof part === 'string' ? part : argument(part, language, params, count))).join('');
}

function argument(part: Argument, language: string, params: Params, count: number | null): string {
  const value = params[part.name];
  switch (part.kind) {
    case 'number':
      return number(value, language);
    case 'josa':
      return josa(value == null ? '' : String(value), part.style);
    case 'select':
      return fill(part.branches.get(String(value)) ?? part.branches.get('other') ?? [], language, params, count);
    case 'plural': {
      const n = Number(value ?? 0);
      const category = new Intl.PluralRules(language).select(n);
      return fill(part.branches.get(`=${n}`) ?? part.branches.get(category) ?? part.branches.get('other') ?? [], language, params, n);
    }
    default:
      return typeof value === 'number' && !Number.isInteger(value) ? number(value, language) : value == null ? '' : String(value);
  }
}

function number(value: Value, language: string): string {
  return typeof value === 'number' ? new Intl.NumberFormat(language, { maximumFractionDigits: 3 }).format(value) : String(value ?? '');
}

/** The names of all arguments that a message takes, sorted. */
export function argumentNames(message: string): string[] {
  const names = new Set<string>();
  const visit = (parts: readonly Part[]): void => {
    for (const part of parts) {
      if (typeof part !== 'object') continue;
      names.add(part.name);
      for (const branch of part.branches.values()) visit(branch);
    }
  };
  visit(new Reader(message).parts(false, false));
  return [...names].sort();
}
