import { untrack } from 'svelte';
import { api, Problem } from '../lib/api';
import { clock } from '../lib/clock.svelte';
import { router } from '../lib/router.svelte';
import type { Alarm, Incident } from '../lib/types';

/** How far back the board looks, in minutes. */
export const farthest = 7 * 24 * 60;
const pause = 120;

interface Picture {
  readonly at: string;
  readonly entities: { readonly incident?: readonly Incident[]; readonly alarm?: readonly Alarm[] };
}

/** What stood at a time that is over. The address says which (`then`), so that a moment can be passed on; without it the board is live. */
export class Past {
  private picture = $state.raw<Picture | null>(null);
  problem = $state.raw<Problem | null>(null);
  loading = $state(false);
  /** The time that is looked at; null: now. */
  readonly at = $derived.by(() => {
    const asked = Date.parse(router.query('then'));
    return Number.isNaN(asked) ? null : new Date(asked);
  });
  readonly iso = $derived(this.at?.toISOString() ?? null);
  readonly ready = $derived(this.picture !== null);
  readonly incidents = $derived<readonly Incident[]>(this.picture?.entities.incident ?? []);
  readonly alarms = $derived<readonly Alarm[]>(this.picture?.entities.alarm ?? []);

  /** Looks at a time, in ms; not beyond what is kept, nor ahead. */
  look(at: number): void {
    const now = clock.exact();
    const to = Math.min(now - 1000, Math.max(now - (farthest - 1) * 60_000, at));
    router.set({ then: new Date(to).toISOString() });
  }

  step(minutes: number): void {
    this.look((this.at?.getTime() ?? clock.exact()) + minutes * 60_000);
  }

  leave(): void {
    router.set({ then: null });
  }

  /** Reads what stood then; to be called in an effect. A moment's rest on the slider is waited for. */
  follow(): () => void {
    const at = this.iso;
    if (at === null) {
      untrack(() => {
        this.picture = null;
        this.problem = null;
      });
      return () => undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => void this.read(at, abort.signal), pause);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }

  async read(at: string, signal?: AbortSignal): Promise<void> {
    this.loading = true;
    try {
      const picture = await api.get<Picture>('/snapshot', { at }, signal);
      if (signal?.aborted) return;
      this.picture = picture;
      this.problem = null;
    } catch (error) {
      if (!signal?.aborted && error instanceof Problem) this.problem = error;
    } finally {
      if (!signal?.aborted) this.loading = false;
    }
  }
}
