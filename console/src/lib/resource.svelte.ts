import { api, Problem } from './api';
import type { Page } from './types';

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;

function asProblem(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException && error.name === 'AbortError') return null;
  return new Problem(-1, '', error instanceof Error ? error.message : '', 'console', []);
}

/** Something read from the server, with all that a screen must be able to say of it: loading, stale, failed. */
export class Resource<T> {
  data = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  loading = $state(false);
  at = $state<string | null>(null);
  private abort: AbortController | null = null;

  constructor(private readonly read: (signal: AbortSignal) => Promise<T>) {}

  /** What is shown came earlier and could not be read anew. */
  get stale(): boolean {
    return this.data !== null && this.problem !== null;
  }

  async load(): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    this.loading = true;
    try {
      const data = await this.read(abort.signal);
      if (abort.signal.aborted) return;
      this.data = data;
      this.problem = null;
      this.at = new Date().toISOString();
    } catch (error) {
      if (!abort.signal.aborted) this.problem = asProblem(error);
    } finally {
      if (this.abort === abort) this.loading = false;
    }
  }
}

/** A list that pages by cursor: the first page by `load`, the rest as the reader scrolls. */
export class Listing<T> {
  items = $state.raw<readonly T[]>([]);
  next = $state<string | null>(null);
  total = $state<number | null>(null);
  problem = $state.raw<Problem | null>(null);
  loading = $state(false);
  loaded = $state(false);
  at = $state<string | null>(null);
  private query: Query = {};
  private abort: AbortController | null = null;

  constructor(
    private readonly path: string,
    private readonly pageSize = 100,
    private readonly cursorName = 'cursor',
  ) {}

  get stale(): boolean {
    return this.loaded && this.problem !== null;
  }

  async load(query: Query = this.query): Promise<void> {
    this.query = query;
    await this.fetch(null);
  }

  async more(): Promise<void> {
    if (this.next !== null && !this.loading) await this.fetch(this.next);
  }

  /** Puts a changed item in place of the old one without asking again. */
  replace(item: T, same: (other: T) => boolean): void {
    this.items = this.items.map((other) => (same(other) ? item : other));
  }

  private async fetch(cursor: string | null): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    this.loading = true;
    try {
      const page = await api.get<Page<T>>(this.path, { limit: this.pageSize, ...this.query, [this.cursorName]: cursor }, abort.signal);
      if (abort.signal.aborted) return;
      this.items = cursor === null ? page.items : [...this.items, ...page.items];
      this.next = page.next;
      this.total = page.total ?? (page.next === null ? this.items.length : this.total);
      this.problem = null;
      this.loaded = true;
      this.at = new Date().toISOString();
    } catch (error) {
      if (!abort.signal.aborted) this.problem = asProblem(error);
    } finally {
      if (this.abort === abort) this.loading = false;
    }
  }
}
