import { api } from './api';
import { live } from './live/live.svelte';
import { Resource } from './resource.svelte';
import type { IncidentDetail } from './types';

const settle = 80;

/** One incident with all that belongs to it, read anew whenever the event stream says that it changed. */
export class IncidentView extends Resource<IncidentDetail> {
  constructor(readonly id: string) {
    super((signal) => api.get<IncidentDetail>(`/incidents/${encodeURIComponent(id)}`, undefined, signal));
  }

  /** Loads, and follows until the answer is called; for use in an effect. */
  follow(): () => void {
    void this.load();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = live.onChange((change) => {
      const changed = change.entity === 'incident' && change.id === this.id && change.version > (this.data?.version ?? 0);
      const told = change.entity === 'notice' && (change.value as unknown as { incident_id?: string } | null)?.incident_id === this.id;
      if (!changed && !told) return;
      clearTimeout(timer);
      timer = setTimeout(() => void this.load(), settle);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }
}
