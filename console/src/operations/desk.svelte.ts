import { api } from '../lib/api';
import { t } from '../lib/i18n.svelte';
import { live } from '../lib/live/live.svelte';
import { Resource } from '../lib/resource.svelte';
import { act } from '../lib/toasts.svelte';
import type { Operation, ReportLine } from './types';

/** One operation: read, kept fresh by the live stream, and changed by acts whose answer is the operation anew. */
export class OperationDesk {
  readonly of: Resource<Operation>;

  constructor(readonly id: string) {
    this.of = new Resource<Operation>((signal) => api.get<Operation>(this.path(), undefined, signal));
  }

  path(more = ''): string {
    return `/operations/${this.id}${more}`;
  }

  /** Does something; true when it was done. The answer replaces what is shown. */
  do(more: string, body: unknown, said: string, method: 'post' | 'put' | 'remove' = 'post'): Promise<boolean> {
    return act(async () => {
      const path = this.path(more);
      const answer = method === 'remove' ? await api.remove<Operation>(path) : await api[method]<Operation>(path, body ?? {});
      if (answer && 'grouped' in answer) this.of.data = answer;
      else await this.of.load();
    }, said);
  }

  /** Reads again when others change it; several changes at once are one reading. */
  follow(): () => void {
    return followed((entity, id) => entity === 'operation' && id === this.id, () => void this.of.load());
  }
}

/** Calls back at most every 700 ms while such entities change. */
export function followed(wanted: (entity: string, id: string) => boolean, again: () => void): () => void {
  let waiting: ReturnType<typeof setTimeout> | null = null;
  const stop = live.onChange((change) => {
    if (waiting !== null || !wanted(change.entity, change.id)) return;
    waiting = setTimeout(() => {
      waiting = null;
      again();
    }, 700);
  });
  return () => {
    stop();
    if (waiting !== null) clearTimeout(waiting);
  };
}

/** 최초보고, 중간보고(제2보), 최종보고. */
export function reportTitle(report: Pick<ReportLine, 'kind' | 'ordinal'>): string {
  const kind = t(`operations.report.${report.kind}`);
  return report.ordinal === null || report.kind === 'first' || (report.kind === 'final' && report.ordinal === 1) ? kind : t('operations.report.ordinal', { kind, n: report.ordinal });
}
