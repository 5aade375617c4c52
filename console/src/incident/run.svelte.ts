import { api, Problem } from '../lib/api';
import { t } from '../lib/i18n.svelte';
import { Resource } from '../lib/resource.svelte';
import { act } from '../lib/toasts.svelte';

export type RunAct = 'done' | 'answer' | 'skip' | 'redo' | 'override';

interface Stands {
  readonly id: string;
  readonly status: 'waiting' | 'running' | 'stuck' | 'done' | 'skipped';
  readonly attempt: number;
  readonly begun_at: string | null;
  readonly due_at: string | null;
  readonly late_at: string | null;
  readonly ended_at: string | null;
  readonly answer: string | null;
  readonly by: string | null;
  readonly may: readonly RunAct[];
}

/** One act of a manual's step: `depth` says how far inside others it stands. */
export interface RunItem extends Stands {
  readonly act: string;
  readonly depth: number;
  readonly late_branch: boolean;
  readonly text: string;
  readonly to: readonly string[];
  readonly answers: readonly { readonly id: string; readonly words: string }[];
  readonly errors: readonly string[];
  readonly replies: readonly { readonly places: readonly string[]; readonly seen: boolean; readonly answer: string | null }[];
}

export interface RunStep extends Stands {
  readonly number: number;
  readonly title: string;
  readonly prose: readonly string[];
  readonly holders: readonly string[];
  readonly stuck: boolean;
  readonly late: boolean;
  readonly waits: boolean;
  readonly next_due_at: string | null;
  readonly acts: readonly RunItem[];
}

export interface Run {
  readonly id: string;
  readonly title: string;
  readonly playbook_version: string;
  readonly status: 'running' | 'done' | 'ended' | 'aborted';
  readonly steps: readonly RunStep[];
  readonly steps_done: number;
  readonly moments: readonly { readonly id: string; readonly title: string; readonly at: string | null }[];
  readonly version: number;
}

const path = (incident: string, rest = ''): string => `/incidents/${encodeURIComponent(incident)}/run${rest}`;

/** The run of one incident's manual; null where its kind has none. */
export class RunView extends Resource<Run | null> {
  constructor(readonly incident: string) {
    super(async (signal) => {
      try {
        return await api.get<Run>(path(incident), undefined, signal);
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return null;
        throw error;
      }
    });
  }

  /** Does something to an item (or the whole run) and shows what came of it; whether it was done. */
  tell(item: string | null, what: string, body: Readonly<Record<string, unknown>>): Promise<boolean> {
    const rest = item === null ? `/${what}` : `/items/${encodeURIComponent(item)}/${what}`;
    return act(async () => {
      this.data = await api.post<Run>(path(this.incident, rest), body);
      if (this.loading) void this.load(); // what was asked for before may know nothing of it
    }, t(`run.told.${what}` as 'run.told.done'));
  }
}
