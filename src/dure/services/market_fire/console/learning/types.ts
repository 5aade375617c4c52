import { num } from '../../../../../../console/src/lib/clock.svelte';
import { say } from '../../../../../../console/src/lib/i18n.svelte';

export const CAUSES = ['fire', 'steam', 'cooking', 'welding', 'dust', 'disinfection', 'sun', 'dew', 'fault', 'dying', 'test', 'other', 'unknown'] as const;
export type Cause = (typeof CAUSES)[number];

/** A stall's alarm with what it turned out to be; `delay_s` from its first reading to the report to 119. */
export interface StallAlarm {
  readonly id: string;
  readonly rule: string;
  readonly name: { readonly ko: string; readonly en: string };
  readonly device: string | null;
  readonly stage: 'pre_alarm' | 'confirmed' | 'cleared' | 'false';
  readonly onset_at: string;
  readonly raised_at: string;
  readonly closed_at: string | null;
  readonly incident_id: string | null;
  readonly receipt_no: string | null;
  readonly cause: Cause | null;
  readonly told_by: string | null;
  readonly stall_id: string;
  readonly stall: string;
  readonly market: string;
  readonly reported_at: string | null;
  readonly delay_s: number | null;
}

export interface Counts {
  readonly alarms: number;
  readonly reported: number;
  readonly false: number;
  readonly false_reports: number;
  readonly fires: number;
  readonly untold: number;
}
export const COUNTS = ['alarms', 'reported', 'false', 'false_reports', 'fires', 'untold'] as const;

export interface Ill {
  readonly id: string;
  readonly stall_id: string;
  readonly stall: string;
  readonly state: string;
  readonly fault: string | null;
  readonly last_seen: string | null;
}

export interface Night {
  readonly market: { readonly id: string; readonly name: string; readonly address: string | null };
  readonly night: string;
  readonly since: string;
  readonly until: string;
  readonly as_of: string;
  readonly detectors: number;
  readonly ill: readonly Ill[];
  readonly counts: Counts;
  readonly alarms: readonly StallAlarm[];
}

export interface Figure {
  readonly id: string;
  readonly name_ko: string;
  readonly name_en: string;
  readonly alarms: number;
  readonly false: number;
  readonly false_reports: number;
  readonly fires: number;
  readonly untold: number;
  readonly delay_median_s: number | null;
  readonly delay_max_s: number | null;
}

/** How a stall is judged; null parts are as the city has them. Hours in minutes of the day. */
export interface Setting {
  readonly steam_from: number | null;
  readonly steam_until: number | null;
  readonly answer_s: number | null;
}

export interface Way {
  readonly reported_s: number | null;
  readonly why: string | null;
}

export interface Replay {
  readonly alarms: number;
  readonly left_out: number;
  readonly unread: number;
  readonly windows: readonly { readonly alarm_id: string; readonly at: string; readonly cause: Cause | null; readonly now: Way; readonly then: Way }[];
  readonly now: { readonly reports: number; readonly false: number; readonly missed: number };
  readonly then: { readonly reports: number; readonly false: number; readonly missed: number };
  readonly fires: { readonly fires: number; readonly missed_now: number; readonly missed_then: number; readonly later_median_s: number | null; readonly later_most_s: number | null };
}

export interface Proposal extends Setting {
  readonly id: string;
  readonly state: 'open' | 'approved' | 'refused';
  readonly stall_id: string;
  readonly stall: string;
  readonly market: string;
  readonly now: Setting;
  readonly because: { readonly why: string; readonly alarms?: number; readonly days?: number; readonly words?: string };
  readonly replay: Replay | null;
  readonly replayed_at: string | null;
  readonly misses: boolean;
  readonly made_at: string;
  readonly made_by: string;
  readonly decided_at: string | null;
  readonly decided_by: string | null;
  readonly reason: string | null;
}

export interface Story {
  readonly stall: { readonly id: string; readonly name: string; readonly code: string; readonly zone: string | null; readonly market: string };
  readonly setting: (Setting & { readonly since: string; readonly approved_by: string }) | null;
  readonly detectors: readonly { readonly id: string; readonly name: string; readonly state: string; readonly fault: string | null; readonly last_seen: string | null; readonly latest: Readonly<Record<string, { readonly value: number | boolean } | undefined>> }[];
  readonly counts: Counts;
  readonly alarms: readonly StallAlarm[];
  readonly proposals: readonly Proposal[];
  readonly as_of: string;
}

export interface Point {
  readonly policy: string;
  readonly false_per_1000: number;
  readonly median_s: number | null;
  readonly p95_s: number | null;
}

export interface Measured {
  readonly told: string;
  readonly points: readonly Point[];
  readonly city: { readonly stall_nights: number; readonly false_reports: number; readonly fires: number; readonly false_per_1000: number; readonly median_s: number | null } | null;
}

const two = (n: number): string => String(n).padStart(2, '0');
/** A minute of the day as 11:30. */
export const hour = (minute: number): string => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
export const seconds = (n: number | null): string => (n === null ? '' : say('market_fire.seconds', { n: num(Math.round(n)) }));
export const causeOf = (cause: Cause | null): string => say(cause === null ? 'market_fire.cause.none' : `market_fire.cause.${cause}`);

/** A setting in words. */
export function settingOf(one: Setting | null): string {
  const parts = [
    ...(one && one.steam_from !== null && one.steam_until !== null ? [say('market_fire.proposals.steam', { from: hour(one.steam_from), until: hour(one.steam_until) })] : []),
    ...(one && one.answer_s !== null ? [say('market_fire.proposals.answer', { n: num(one.answer_s) })] : []),
  ];
  return parts.length === 0 ? say('market_fire.proposals.asCity') : parts.join(', ');
}

export function becauseOf(one: Proposal): string {
  const { why, alarms = 0, days = 0, words = '' } = one.because;
  return say(`market_fire.proposals.why.${why}`, { alarms: num(alarms), days: num(days), words, by: one.made_by });
}

/** What is wrong with a detector, in words. */
export function illOf(one: { readonly state: string; readonly fault: string | null }): string {
  if (one.state === 'off') return say('market_fire.state.off');
  const known = ['silent', 'battery', 'clock'];
  return say(`market_fire.state.${one.fault === null ? 'silent' : known.includes(one.fault) ? one.fault : 'fault'}`);
}
