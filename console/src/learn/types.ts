import type { ByLanguage } from '../playbooks/types';
import type { Incident } from '../lib/types';

export type ReviewState = 'open' | 'written' | 'closed';
export type FindingState = 'open' | 'proposed' | 'declined' | 'published' | 'rehearsed' | 'closed';
export const questions = ['happened', 'expected', 'why', 'changes'] as const;
export type Question = (typeof questions)[number];

export interface ReviewLine {
  readonly id: string;
  readonly incident_id: string;
  readonly receipt_no: string;
  readonly type: string;
  readonly type_title: string;
  readonly severity: Incident['severity'];
  readonly mode: Incident['mode'];
  readonly outcome: string;
  readonly place: string | null;
  readonly incident_at: string;
  readonly state: ReviewState;
  readonly rule: string;
  readonly opened_at: string;
  readonly due_on: string;
  readonly overdue: boolean;
  readonly owner_id: string | null;
  readonly owner: string | null;
  readonly findings: number;
  readonly standing: number;
  readonly version: number;
}

export interface ClockFact {
  readonly name: string;
  readonly title: string;
  readonly manual: boolean;
  readonly seconds: number | null;
  readonly target_s: number;
  readonly state: 'met' | 'over' | 'unanswered';
}

export interface StepFact {
  readonly number: number;
  readonly title: string;
  readonly status: string;
  readonly begun_at: string | null;
  readonly due_at: string | null;
  readonly late_at: string | null;
  readonly ended_at: string | null;
  readonly marks: Readonly<Record<string, number>>;
  readonly reasons: readonly { readonly at: string; readonly by: string; readonly kind: string; readonly of: string; readonly reason: string | null }[];
}

export interface Facts {
  readonly clocks: readonly ClockFact[];
  readonly run: { readonly title: string; readonly number: number; readonly status: string } | null;
  readonly steps: readonly StepFact[];
  readonly handoffs: readonly { readonly agency: string; readonly agency_name: string; readonly kind: string; readonly status: string; readonly sent_at: string; readonly answered_at: string | null; readonly seconds: number | null; readonly answered_by: string | null }[];
  readonly notices: { readonly sent: number; readonly delivered: number; readonly failed: readonly { readonly id: string; readonly channel: string; readonly status: string; readonly reason: string | null; readonly at: string; readonly to: string | null }[] };
  readonly tasks: readonly { readonly title: string; readonly holder: string | null; readonly due_at: string | null; readonly done_at: string | null; readonly done_by: string | null; readonly late: boolean }[];
  readonly people: readonly { readonly name: string; readonly id: string | null; readonly first_at: string; readonly last_at: string; readonly acts: Readonly<Record<string, number>> }[];
  readonly digest: readonly { readonly at: string; readonly kind: string; readonly actor: string; readonly text: string }[];
  readonly alarms: number;
  readonly reports: number;
}

export interface Review {
  readonly id: string;
  readonly incident: Incident;
  readonly title_text: string;
  readonly state: ReviewState;
  readonly rule: string;
  readonly due_on: string;
  readonly overdue: boolean;
  readonly owner_id: string | null;
  readonly owner: string | null;
  readonly written_at: string | null;
  readonly written_by: string | null;
  readonly closed_at: string | null;
  readonly closed_by: string | null;
  readonly answers: Readonly<Record<Question, string>>;
  readonly drafts: { readonly happened: string; readonly expected: string };
  readonly facts: Facts;
  readonly findings: readonly FindingLine[];
  readonly version: number;
}

export interface FindingLine {
  readonly id: string;
  readonly incident_id: string;
  readonly kind: string;
  readonly kind_title: string;
  readonly title: string;
  readonly state: FindingState;
  readonly base_number: number;
  readonly published_number: number | null;
  readonly receipt_no: string;
  readonly raised_at: string;
  readonly raised_by: string;
  readonly proposed_at: string | null;
  readonly proposed_by: string | null;
  readonly decided_at: string | null;
  readonly decided_by: string | null;
  readonly decision: string | null;
  readonly closed_at: string | null;
  readonly closed_by: string | null;
  readonly version: number;
}

export interface Score {
  readonly points: number | null;
  readonly needed: number;
  readonly passed: boolean;
  readonly parts: readonly { readonly name: 'steps' | 'clocks' | 'decisions'; readonly done: number; readonly of: number; readonly weight: number }[];
}

export interface Finding extends FindingLine {
  readonly why: string | null;
  readonly texts: ByLanguage;
  readonly base: ByLanguage;
  readonly in_force: number;
  readonly owner: ByLanguage;
  readonly mine: boolean;
  readonly drills: readonly { readonly id: string; readonly incident_id: string; readonly number: number; readonly started_at: string; readonly ended_at: string | null; readonly score: Score | null }[];
}

export interface Drill {
  readonly id: string;
  readonly incident_id: string;
  readonly receipt_no: string;
  readonly kind: string;
  readonly kind_title: string;
  readonly number: number;
  readonly finding_id: string | null;
  readonly finding: string | null;
  readonly title: string;
  readonly place: string | null;
  readonly status: string;
  readonly started_at: string;
  readonly started_by: string;
  readonly ended_at: string | null;
  readonly score: Score | null;
}

export interface DrillWhole extends Drill {
  readonly script: readonly { readonly number: number; readonly due_at: string; readonly act: InjectAct; readonly value: string | null; readonly words: string | null; readonly done_at: string | null; readonly outcome: string | null }[];
  readonly accounts: readonly string[];
  readonly agencies: readonly string[];
}
export const injectActs = ['say', 'moment', 'severity', 'answer'] as const;
export type InjectAct = (typeof injectActs)[number];

export interface ClockLine {
  readonly name: string;
  readonly title: string;
  readonly type: string | null;
  readonly type_title: string | null;
  readonly place: string | null;
  readonly district: string | null;
  readonly shift: string | null;
  readonly n: number;
  readonly met: number;
  readonly closed: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly least: number | null;
  readonly most: number | null;
  readonly target_s: number | null;
}
export interface Clocks {
  readonly since: string;
  readonly until: string;
  readonly least: Readonly<Record<'p50' | 'p90' | 'p95', number>>;
  readonly items: readonly ClockLine[];
}

export interface Standing {
  readonly findings: number;
  readonly oldest: string | null;
  readonly proposed: number;
  readonly reviews: number;
  readonly overdue: number;
}

export interface Stood {
  readonly status: string;
  readonly begun_s: number | null;
  readonly due_s: number | null;
  readonly late_s: number | null;
  readonly ended_s: number | null;
  readonly answer: string | null;
}
interface Pair {
  readonly did: Stood | null;
  readonly would: Stood | null;
  readonly new: boolean;
}
export interface DryAct extends Pair {
  readonly id: string;
  readonly act: string;
  readonly line: number;
  readonly depth: number;
  readonly text: string;
  readonly to: readonly string[];
  readonly basis: 'same' | 'usual' | 'machine' | 'unknown' | null;
}
export interface DryStep extends Pair {
  readonly number: number;
  readonly title: string;
  readonly line: number;
  readonly acts: readonly DryAct[];
}
export interface DryRunResult {
  readonly receipt_no: string;
  readonly number: number | null;
  readonly ran: number;
  readonly begun_at: string;
  readonly length_s: number;
  readonly steps: readonly DryStep[];
  readonly targets: readonly { readonly id: string; readonly name: string; readonly line: number; readonly seconds: number; readonly did_s: number | null; readonly would_s: number | null }[];
  readonly gone: readonly { readonly step: number; readonly title: string; readonly line: number }[];
}
