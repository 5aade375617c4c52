import { api } from '../lib/api';
import { live } from '../lib/live/live.svelte';
import type { Alarm, Page } from '../lib/types';

const span = 31 * 60_000;

/** The alarms of the last half hour: those that are over come from the list once, what changes since from the event stream. */
export function recentAlarms() {
  let past = $state.raw<ReadonlyMap<string, Alarm>>(new Map());
  const alarms = $derived.by(() => {
    const all = new Map(past);
    for (const alarm of live.alarms) all.set(alarm.id, alarm);
    return [...all.values()];
  });

  function keep(list: readonly Alarm[]): void {
    const next = new Map(past);
    for (const alarm of list) if ((next.get(alarm.id)?.version ?? -1) < alarm.version) next.set(alarm.id, alarm);
    past = next;
  }

  return {
    get alarms(): readonly Alarm[] {
      return alarms;
    },
    follow(): () => void {
      const since = new Date(Date.now() - span).toISOString();
      api.get<Page<Alarm>>('/alarms', { limit: 200, since }).then((page) => keep(page.items), () => undefined);
      return live.onChange((change) => {
        if (change.entity === 'alarm' && change.value) keep([change.value as unknown as Alarm]);
      });
    },
  };
}
