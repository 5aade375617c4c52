/** What somebody found at a look; what was not measured or asked is null. */
export interface Found {
  readonly pulse: number | null;
  readonly systolic: number | null;
  readonly breaths: number | null;
  readonly temperature: number | null;
  readonly consciousness: string | null;
  readonly dyspnoea: boolean;
}

export type Level = 'asymptomatic' | 'mild' | 'moderate' | 'severe' | 'critical';
export type Pair = readonly [string, string];

/** A patient, masked. `state` null: nobody has judged them yet. */
export interface Patient {
  readonly case_id: string;
  readonly code: string;
  readonly sex: 'm' | 'f' | null;
  readonly age: number | null;
  readonly district: string | null;
  readonly state: 'waiting' | 'placed' | 'home' | 'released' | 'died' | null;
  readonly level: Level | null;
  readonly placement: string | null;
  readonly score: number | null;
  readonly by_table: string | null;
  readonly reasons: readonly Pair[];
  readonly worse: readonly Pair[];
  readonly found: Found | null;
  readonly seen_at: string;
  readonly seen_by: string | null;
  readonly tried_at: string | null;
  readonly waiting_since: string;
  readonly due_at?: string;
  readonly overdue?: boolean;
  readonly person: { readonly id: string; readonly name: string | null; readonly phone: string | null } | null;
}

export interface Other {
  readonly facility: string;
  readonly ward: string;
  readonly word: string;
  readonly by: number;
}

export interface Why {
  readonly word: string;
  readonly counted: Readonly<Record<string, number>>;
  readonly others: readonly Other[];
  readonly reason?: string;
}

export interface PatientWhole extends Patient {
  readonly looks: readonly { readonly at: string; readonly by: string; readonly way: string; readonly reached: boolean; readonly found: Found | null; readonly level: Level | null; readonly score: number | null }[];
  readonly stays: readonly { readonly facility: string; readonly ward: string; readonly bed: number; readonly from_at: string; readonly until_at: string | null; readonly ended: string | null; readonly why: Why }[];
  readonly release: { readonly allowed: boolean; readonly since: string; readonly missing: readonly string[] } | null;
}

export interface Waiting {
  readonly items: readonly Patient[];
  readonly next: string | null;
  readonly counts: Readonly<Record<'waiting' | 'home' | 'untriaged' | 'worse' | 'unseen', number>>;
  readonly as_of: string;
}

export interface Ward {
  readonly id: string;
  readonly facility: string;
  readonly code: string;
  readonly kind: string;
  readonly capacity: number;
  readonly taken: number;
  readonly free: number;
  readonly sex: 'm' | 'f' | null;
  readonly isolation: boolean;
  readonly oxygen: string;
  readonly open: boolean;
  readonly version: number;
}

export interface Wards {
  readonly items: readonly Ward[];
  readonly grades: readonly { readonly kind: string; readonly beds: number; readonly taken: number; readonly free: number }[];
  readonly ahead: { readonly median_days: number; readonly counted: number; readonly days: readonly { readonly day: string; readonly free: number }[] };
  readonly as_of: string;
}

export interface Plan {
  readonly id: string;
  readonly made_at: string;
  readonly made_by: string;
  readonly applied_at: string | null;
  readonly figures: { readonly patients: number; readonly placed: number; readonly best: number; readonly full: number; readonly unfit: number; readonly beds: number; readonly untriaged: number; readonly proved: boolean };
}

export interface PlanRow extends Why {
  readonly case_id: string;
  readonly code: string;
  readonly level: Level;
  readonly score: number | null;
  readonly facility: string | null;
  readonly ward: string | null;
}

export interface Quarantined {
  readonly id: string;
  readonly code: string;
  readonly language: string;
  readonly district: string | null;
  readonly last_contact_on: string;
  readonly from_at: string;
  readonly until_at: string;
  readonly state: 'under' | 'released' | 'case' | 'withdrawn';
  readonly officer: string | null;
  readonly why: { readonly counted: Readonly<Record<string, number>>; readonly others: readonly { readonly officer: string; readonly word: string; readonly by: number }[] } | null;
  readonly missed: number;
  readonly step: number;
  readonly answered_at: string | null;
  readonly worse: readonly Pair[];
  readonly person: { readonly id: string; readonly name: string | null; readonly phone: string | null } | null;
}

export interface QuarantinedWhole extends Quarantined {
  readonly checks: readonly { readonly due_at: string; readonly answered_at: string | null; readonly missed_at: string | null; readonly answers: { readonly temperature: number | null; readonly symptoms: readonly string[]; readonly at_home: boolean } | null }[];
}

export interface Quarantine {
  readonly items: readonly Quarantined[];
  readonly next: string | null;
  readonly counts: Readonly<Record<'under' | 'unassigned' | 'silent' | 'visit' | 'worse' | 'ending', number>>;
  readonly as_of: string;
}

export interface Officer {
  readonly id: string;
  readonly code: string;
  readonly languages: readonly string[];
  readonly capacity: number;
  readonly district: string | null;
  readonly on_duty: boolean;
  readonly load: number;
}

export interface Notice {
  readonly name: string;
  readonly birth_date: string;
  readonly address: string;
  readonly phone: string;
  readonly reason: 'contact' | 'arrival';
  readonly from_at: string;
  readonly until_at: string;
  readonly code: string;
  readonly officer: string | null;
  readonly parts: readonly { readonly language: string; readonly words: Readonly<Record<string, string>> & { readonly rules: readonly string[] }; readonly penalty: string }[];
}

export const tone = (level: Level | null): 'bad' | 'warn' | 'plain' => (level === 'critical' || level === 'severe' ? 'bad' : level === 'moderate' || level === null ? 'warn' : 'plain');
