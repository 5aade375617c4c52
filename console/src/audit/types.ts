import type { Checkpoint } from './proof';

export interface WitnessSeen {
  readonly name: string;
  readonly key: string;
  readonly added_at: string;
  readonly size: number | null;
  readonly seen_at: string | null;
}

export interface LogHealth {
  readonly lines: number;
  readonly kept: number;
  readonly destroyed: number;
  readonly unsigned: number;
  readonly oldest_at: string | null;
  readonly key: string;
  readonly checkpoint: Checkpoint | null;
  readonly age_s: number | null;
  readonly stale: boolean;
  readonly witnesses: readonly WitnessSeen[];
  readonly as_of: string;
}

export interface Review {
  readonly id: string;
  readonly month: string;
  readonly due_on: string;
  readonly made_at: string;
  readonly rules: string;
  readonly lines: number;
  readonly actors: number;
  readonly findings: number;
  readonly waiting: number;
  readonly overdue: boolean;
  readonly closed_at: string | null;
  readonly closed_by: string | null;
}

export interface ReviewList {
  readonly items: readonly Review[];
  readonly due: number;
  readonly next: string | null;
}

export interface Finding {
  readonly id: string;
  readonly rule: string;
  readonly actor: string;
  readonly actor_name: string;
  readonly first_at: string;
  readonly last_at: string;
  readonly count: number;
  readonly facts: { readonly lines: readonly number[]; readonly most: number };
  readonly verdict: string | null;
  readonly word: string | null;
  readonly judged_by: string | null;
  readonly judged_at: string | null;
}

/** A past month whose review is not finished; without `id` nobody has made it. */
export interface Owed {
  readonly id: string | null;
  readonly month: string;
  readonly due_on: string;
  readonly days_overdue: number;
  readonly waiting: number;
}

export interface ReviewWhole extends Review {
  readonly days_overdue: number;
  readonly owed: readonly Owed[];
  readonly glasses: { readonly opened: number; readonly reviewed: number; readonly late: number; readonly waiting: number; readonly overdue: number };
  readonly items: readonly Finding[];
}
