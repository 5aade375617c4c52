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
    const lane = byName.get(name);
    if (lane) lane.push(alarm);
    else byName.set(name, [alarm]);
  }
  const gravest = (list: readonly Alarm[]): number => list.reduce((least, a) => Math.min(least, rank[a.severity] + (a.open ? 0 : 0.5)), Infinity);
  return [...byName]
    .map(([name, list]) => ({ name, alarms: list.sort((a, b) => (a.onset_at < b.onset_at ? -1 : 1)) }))
    .sort((a, b) => gravest(a.alarms) - gravest(b.alarms) || a.name.localeCompare(b.name));
}

/** A lane's alarms without those that would be drawn upon each other, to the pixel: a storm of 50,000 costs no more than the width of the screen. */
export function distinct(alarms: readonly Alarm[], now: number, x: (at: number) => number): readonly Alarm[] {
  const drawn = new Set<string>();
  return alarms.filter((alarm) => {
    const mark = `${Math.round(x(Date.parse(alarm.raised_at)))} ${Math.round(x(Math.min(now, endOf(alarm))))} ${alarm.severity} ${alarm.stage}`;
    return !drawn.has(mark) && drawn.add(mark);
  });
}
