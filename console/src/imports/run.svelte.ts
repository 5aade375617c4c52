import { api } from '../lib/api';
import { t } from '../lib/i18n.svelte';
import { Listing, Resource } from '../lib/resource.svelte';
import { act } from '../lib/toasts.svelte';
import { type FileRow, type Run, working } from './types';

export type View = 'all' | 'moving' | 'rejected_around' | 'added' | 'changed' | 'same';
const askEvery = 700;

/** One import as the screen follows it: how far it is, its counts, and the rows that are looked at. */
export class ImportRun extends Resource<Run> {
  view = $state<View>('all');
  reason = $state('');
  busy = $state(false);
  readonly rows: Listing<FileRow>;

  constructor(readonly id: string) {
    super((signal) => api.get<Run>(`/imports/${encodeURIComponent(id)}`, undefined, signal));
    this.rows = new Listing<FileRow>(`/imports/${encodeURIComponent(id)}/rows`, 200);
  }

  /** Loads, and asks again while the city works on it; leaving the page stops only the asking. */
  follow(): () => void {
    let timer: ReturnType<typeof setTimeout>;
    let gone = false;
    let before = '';
    const ask = async (): Promise<void> => {
      await this.load();
      if (gone) return;
      const state = this.data?.state ?? '';
      if (state !== before && state !== 'reading' && before !== '') await this.reload();
      if (before === '' && this.data && (this.data.counts.rejected ?? 0) > 0 && state === 'ready') this.view = 'rejected_around';
      before = state;
      if (this.data && working.includes(this.data.state)) timer = setTimeout(() => void ask(), askEvery);
    };
    this.ask = ask;
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }
  private ask: () => Promise<void> = () => this.load();

  /** Reads the rows that the reader looks at; to be called in an effect. */
  show(): Promise<void> {
    return this.rows.load({ only: this.view === 'all' ? null : this.view, reason: this.reason || null });
  }

  private async reload(): Promise<void> {
    await this.show();
  }

  private async doing(work: () => Promise<unknown>, done: string | null): Promise<boolean> {
    this.busy = true;
    const ok = await act(work, done);
    this.busy = false;
    await this.ask();
    await this.show();
    return ok;
  }

  readonly path = (rest: string): string => `/imports/${encodeURIComponent(this.id)}${rest}`;
  apply(): Promise<boolean> {
    return this.doing(() => api.post(this.path('/apply')), null);
  }
  undo(): Promise<boolean> {
    return this.doing(() => api.post(this.path('/undo')), null);
  }
  cancel(): Promise<boolean> {
    return this.doing(() => api.remove(this.path('')), t('import.cancelled'));
  }
  suggested(reason: string, rows: readonly number[] | null): Promise<boolean> {
    return this.doing(async () => this.mended(await api.post(this.path('/repair'), { reason, ...(rows ? { rows } : {}) })), null);
  }
  set(row: number, field: string, value: string): Promise<boolean> {
    return this.doing(async () => this.mended(await api.post(this.path('/repair'), { row, field, value })), null);
  }
  private mended(answer: unknown): void {
    this.data = (answer as { run: Run }).run;
  }
}
