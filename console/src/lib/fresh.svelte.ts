import { live } from './live/live.svelte';
import { sound } from './sound.svelte';
import type { Incident } from './types';

/** Incidents that opened while nobody had looked: they call, they wait in a bar, and they never push a row away by themselves. */
class Fresh {
  ids = $state.raw<readonly string[]>([]);
  readonly waiting = $derived(
    this.ids.map((id) => live.open.find((incident) => incident.id === id)).filter((incident): incident is Incident => incident !== undefined),
  );
  private readonly known = new Set<string>();

  constructor() {
    live.onChange((change) => {
      if (change.entity !== 'incident' || !change.type.startsWith('IncidentOpened') || change.value === null || this.known.has(change.id)) return;
      this.known.add(change.id);
      this.ids = [...this.ids, change.id];
      sound.call((change.value as unknown as Incident).severity);
    });
  }

  /** All have been looked at. */
  seen(): void {
    this.ids = [];
  }

  /** This one has been looked at. */
  saw(id: string): void {
    if (this.ids.includes(id)) this.ids = this.ids.filter((other) => other !== id);
  }
}

export const fresh = new Fresh();
