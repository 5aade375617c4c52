/** Where the reader is: `#/incidents/<id>?tab=x`. The address alone brings the screen back. */
export interface Address {
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

function parse(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

class Router {
  at = $state.raw<Address>(parse(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.at = parse(location.hash)));
  }

  get screen(): string {
    return this.at.path[0] ?? 'board';
  }

  get rest(): readonly string[] {
    return this.at.path.slice(1);
  }

  query(name: string): string {
    return this.at.query.get(name) ?? '';
  }

  /** Changes part of the query in place, without a new step in the history: filters are part of the address. */
  set(changes: Readonly<Record<string, string | null>>): void {
    const query = new URLSearchParams(this.at.query);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === '') query.delete(name);
      else query.set(name, value);
    }
    const shown = query.toString();
    const hash = `#/${this.at.path.map(encodeURIComponent).join('/')}${shown ? `?${shown}` : ''}`;
    history.replaceState(history.state, '', hash);
    this.at = parse(hash);
  }
}

export const router = new Router();

export function href(path: string, query: Readonly<Record<string, string>> = {}): string {
  const shown = new URLSearchParams(query).toString();
  return `#/${path}${shown ? `?${shown}` : ''}`;
}

export function go(path: string, query: Readonly<Record<string, string>> = {}): void {
  location.hash = href(path, query);
}
