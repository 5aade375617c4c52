import type { Alarm } from '../lib/types';

export interface Lane {
  readonly name: string;
  readonly alarms: readonly Alarm[];
}

/** When an alarm ended: cleared, or judged false; never for one that stands. Milliseconds. */
export function endOf(alarm: Alarm): number {
  const end = alarm.cleared_at ?? (alarm.open ? null : alarm.judged_at);
  return end === null ? (alarm.open ? Infinity : Date.parse(alarm.raised_at)) : Date.parse(end);
}

/** Alarms that stood at any time after `from`, in lanes; lanes with graver and more alarms come first, each lane oldest first. */
export function lanesOf(alarms: readonly Alarm[], from: number): readonly Lane[] {
  const rank = { critical: 0, serious: 1, watch: 2, notice: 3 };
  const byName = new Map<string, Alarm[]>();
  for (const alarm of alarms) {
    if (endOf(alarm) < from) continue;
    const name = alarm.lane;
    byName.set(name, [...(byName.get(name) ?? []), alarm]);
  }
  const gravest = (list: readonly Alarm[]): number => Math.min(...list.map((a) => rank[a.severity] + (a.open ? 0 : 0.5)));
  return [...byName]
    .map(([name, list]) => ({ name, alarms: list.sort((a, b) => a.onset_at.localeCompare(b.onset_at)) }))
    .sort((a, b) => gravest(a.alarms) - gravest(b.alarms) || a.name.localeCompare(b.name));
}
