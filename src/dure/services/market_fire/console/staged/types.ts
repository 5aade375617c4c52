/** What speaks for a fire: `weight` is the step of the ladder of warmth, 4 is enough alone. */
export interface Sign {
  readonly kind: string;
  readonly device: string;
  readonly place: string | null;
  readonly weight: number;
  readonly since: string;
  readonly cleared_at: string | null;
  readonly doubts: readonly string[];
}
export interface Answer {
  readonly who: 'operator' | 'owner' | 'sent' | 'device';
  readonly says: 'fire' | 'not_fire' | 'unknown';
  readonly cause: string | null;
  readonly way: string;
  readonly by: string;
  readonly at: string;
}
/** Why the stall is judged as it is at this hour; `steam` in minutes of the day. */
export interface Grounds {
  readonly trades: boolean;
  readonly steamy: boolean;
  readonly steam: readonly [number, number] | null;
  readonly works: string | null;
  readonly until: string | null;
  readonly announced_by: string | null;
}
export interface Verification {
  readonly stage: 'quiet' | 'pre_alarm' | 'paused' | 'reported' | 'false';
  readonly since: string;
  readonly deadline_at: string | null;
  readonly extended: string | null;
  readonly why: string | null;
  readonly grounds: Grounds;
  readonly signs: readonly Sign[];
  readonly answers: readonly Answer[];
}
export interface Announcement {
  readonly id: string;
  readonly market: string;
  readonly stalls: readonly string[];
  readonly kind: string;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly announced_by: string;
  readonly note: string | null;
  readonly ended_at: string | null;
}
export const causes = ['steam', 'cooking', 'disinfection', 'works', 'fault', 'test', 'other'] as const;
