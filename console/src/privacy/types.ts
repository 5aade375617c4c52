export interface Purpose {
  readonly id: string;
  readonly person_id: string | null;
  readonly code: string;
  readonly basis: string;
  readonly text: string;
  readonly kinds: readonly string[];
  readonly agency_id: string | null;
  readonly document: string | null;
  readonly from_at: string;
  readonly until_at: string;
  readonly withdrawn_at: string | null;
  readonly state: 'standing' | 'waiting' | 'over' | 'withdrawn';
}

export interface Ground {
  readonly code: string;
  readonly article: string;
  readonly since: string;
  readonly consent: boolean;
  readonly in_force: boolean;
}

export interface Tables {
  readonly items: readonly Ground[];
  readonly codes: readonly { readonly code: string; readonly basis: string; readonly kinds: readonly string[] }[];
  readonly reasons: readonly string[];
  readonly kinds: readonly string[];
}

export interface Read {
  readonly at: string;
  readonly action: string;
  readonly agency_name: string | null;
  readonly agency_name_en: string | null;
  readonly by_system: boolean;
  readonly code: string | null;
  readonly article: string | null;
  readonly purpose: string | null;
  readonly kinds: readonly string[] | null;
  readonly outcome: string;
  readonly glass: boolean;
  readonly verdict: string | null;
}

export const requestKinds = ['access', 'copy', 'correction', 'deletion', 'stop'] as const;
export type RequestKind = (typeof requestKinds)[number];
export const correctable = ['name', 'phone', 'second_phone', 'address', 'birth_date', 'email'] as const;

/** What a person asked for, as the person sees it. */
export interface OwnRequest {
  readonly id: string;
  readonly kind: RequestKind;
  readonly state: 'open' | 'accepted' | 'refused' | 'withdrawn';
  readonly received_at: string;
  readonly due_at: string;
  readonly rule: string;
  readonly decided_at: string | null;
  readonly article: string | null;
  readonly answer: string | null;
  readonly open_until: string | null;
  readonly given_at: string | null;
}

/** The same in the desk's queue: no words, the person by id only. */
export interface Queued {
  readonly id: string;
  readonly person_id: string;
  readonly kind: RequestKind;
  readonly state: OwnRequest['state'];
  readonly received_at: string;
  readonly due_at: string;
  readonly rule: string;
  readonly overdue: boolean;
}

export interface Asked extends Queued {
  readonly text: string;
  readonly changes: Readonly<Record<string, string>>;
  readonly refusals: readonly { readonly code: string; readonly article: string }[];
}

export interface Glass {
  readonly id: string;
  readonly version: number;
  readonly person_id: string;
  readonly account_id: string;
  readonly actor_name: string;
  readonly agency_id: string | null;
  readonly reason: string;
  readonly case_id: string | null;
  readonly opened_at: string;
  readonly until_at: string;
  readonly closed_at: string | null;
  readonly review_due_at: string;
  readonly escalated_at: string | null;
  readonly reviewed_at: string | null;
  readonly verdict: 'proper' | 'improper' | null;
}

/** One, as its reviewer reads it. */
export interface GlassRead extends Glass {
  readonly words: string | null;
  readonly person_name: string | null;
  readonly case_no: string | null;
  readonly reviewed_by_name: string | null;
  readonly review_note: string | null;
  readonly openings: readonly { readonly seq: number; readonly at: string; readonly address: string | null; readonly outcome: string; readonly kinds: readonly string[] }[];
}

export interface Kept {
  readonly name: string;
  readonly label: string;
  readonly begins: string;
  readonly collected: boolean;
  readonly days: number;
  readonly why: readonly string[];
  readonly rules: readonly { readonly since: string; readonly days: number; readonly source: string; readonly confirm: boolean; readonly in_force: boolean }[];
}

export const logFacts = ['many_people', 'unique_ids', 'sensitive'] as const;
export type LogFact = (typeof logFacts)[number];

/** How long the audit log is kept, by the notice in force and what the city handles. */
export interface LogKept {
  readonly days: number;
  readonly why: readonly (LogFact | 'untold' | 'none')[];
  readonly terms: readonly { readonly since: string; readonly days: number; readonly longer: number; readonly people: number; readonly source: string; readonly in_force: boolean }[];
  readonly told: Readonly<Record<LogFact, boolean>> | null;
  readonly told_by: string | null;
  readonly told_at: string | null;
  readonly since: string | null;
  readonly seen_people: number;
  readonly seen_unique_ids: boolean;
}

export interface KeptTable {
  readonly items: readonly Kept[];
  readonly log: LogKept;
}

export interface Thing {
  readonly id: string;
  readonly at: string;
}

export interface Coming {
  readonly name: string;
  readonly label: string;
  readonly days: number;
  readonly source: string;
  readonly going: number;
  readonly held: number;
  readonly more: boolean;
  readonly examples: readonly Thing[];
  readonly held_examples: readonly Thing[];
}

export interface Tomorrow {
  readonly at: string;
  readonly last: { readonly day: string; readonly started_at: string; readonly finished_at: string | null } | null;
  readonly items: readonly Coming[];
}

export interface Destroyed {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly at: string;
  readonly things: number;
  readonly digest: string;
  readonly first_at: string;
  readonly last_at: string;
  readonly rule_days: number;
  readonly source: string;
}

export const scopes = ['incident', 'person', 'camera', 'device', 'period'] as const;

export interface Hold {
  readonly id: string;
  readonly scope: (typeof scopes)[number];
  readonly target: string | null;
  readonly from_at: string | null;
  readonly to_at: string | null;
  readonly reason: string;
  readonly document: string | null;
  readonly until_at: string;
  readonly state: 'standing' | 'released' | 'over';
}
