import type { Severity } from '../lib/types';

export interface OperationLine {
  readonly id: string;
  readonly number: string;
  readonly name: string;
  readonly kind: string;
  readonly mode: 'real' | 'drill' | 'test';
  readonly place: string;
  readonly status: 'open' | 'closed';
  readonly level: Severity | null;
  readonly level_since: string | null;
  readonly opened_at: string;
  readonly opened_by: string;
  readonly closed_at: string | null;
  readonly incidents: number;
  readonly version: number;
}

export interface LevelChange {
  readonly id: string;
  readonly change: 'issue' | 'raise' | 'lower' | 'lift';
  readonly before: Severity | null;
  readonly after: Severity | null;
  readonly at: string;
  readonly issued_by: string;
  readonly ground: string;
  readonly reason: string;
  readonly consulted: 'before' | 'later' | null;
  readonly consulted_at: string | null;
  readonly told_by: string;
}

export const tollNames = ['dead', 'missing', 'serious', 'minor', 'evacuated'] as const;
export type TollName = (typeof tollNames)[number];
export type Toll = Readonly<Record<TollName, number | null>> & { readonly as_of: string; readonly source: string };

export interface Entry {
  readonly id: string;
  readonly kind: 'measure' | 'request';
  readonly agency_id: string | null;
  readonly words: string;
  readonly state: 'open' | 'met' | 'refused' | null;
  readonly at: string;
  readonly told_by: string;
  readonly answer: string | null;
  readonly answered_at: string | null;
}

export const reportKinds = ['first', 'interim', 'final'] as const;
export const sectionNames = ['occurrence', 'cause', 'damage', 'emergency', 'response', 'plan', 'other'] as const;
export type SectionName = (typeof sectionNames)[number];

export interface ReportLine {
  readonly id: string;
  readonly kind: (typeof reportKinds)[number];
  readonly ordinal: number | null;
  readonly number: string | null;
  readonly language: 'ko' | 'en';
  readonly state: 'draft' | 'submitted' | 'approved';
  readonly as_of: string;
  readonly written_by: string;
  readonly approved_at: string | null;
  readonly approved_by: string | null;
  readonly digest: string | null;
  readonly version: number;
}

export interface Report extends ReportLine {
  readonly sections: Readonly<Record<SectionName, string>>;
  readonly returned: string | null;
  readonly whole: boolean | null;
}

export interface Member {
  readonly id: string;
  readonly side: 'public' | 'private';
  readonly organisation: string;
  readonly seat: string;
  readonly person_id: string | null;
  readonly person: { readonly name: string; readonly phone: string; readonly email: string } | null;
  readonly left_at: string | null;
}

export const attendances = ['present', 'remote', 'proxy', 'absent'] as const;
export type Attendance = (typeof attendances)[number];

export interface Meeting {
  readonly id: string;
  readonly ordinal: number;
  readonly state: 'planned' | 'held' | 'signed' | 'cancelled';
  readonly starts_at: string;
  readonly place: string;
  readonly agenda: readonly string[];
  readonly minutes: string | null;
  readonly digest: string | null;
  readonly signed_at: string | null;
  readonly signed_by: string | null;
  readonly version: number;
  readonly attendance: readonly { readonly member_id: string; readonly state: Attendance; readonly organisation: string; readonly seat: string }[];
}

export interface Decision {
  readonly id: string;
  readonly ordinal: number;
  readonly meeting_id: string | null;
  readonly words: string;
  readonly receipt_no: string | null;
  readonly holder: string;
  readonly due_at: string | null;
  readonly state: 'open' | 'done' | 'dropped';
  readonly incident_id: string | null;
  /** The task in the incident's room that it became, as it stands. */
  readonly task_state: 'asked' | 'taken' | 'done' | 'cancelled' | null;
  readonly overdue: boolean;
  readonly outcome: string | null;
}

export interface Grouped {
  readonly id: string;
  readonly receipt_no: string;
  readonly type: string;
  readonly severity: Severity;
  readonly status: string;
  readonly opened_at: string;
  readonly place: string;
}

export interface Operation extends OperationLine {
  readonly as_of: string;
  readonly summary: string;
  readonly close_reason: string | null;
  readonly counts: { readonly total: number; readonly open: number; readonly closed: number };
  readonly grouped: readonly Grouped[];
  readonly levels: readonly LevelChange[];
  readonly tolls: readonly Toll[];
  readonly entries: readonly Entry[];
  readonly reports: readonly ReportLine[];
  readonly members: readonly Member[];
  readonly meetings: readonly Meeting[];
  readonly decisions: readonly Decision[];
  readonly overdue: number;
}

export interface Told {
  readonly title: string;
  readonly place: string;
  readonly body: string;
  readonly advice: string;
}

export interface Revision {
  readonly number: number;
  readonly state: 'draft' | 'submitted' | 'approved' | 'returned';
  readonly level: Severity | null;
  readonly over: boolean;
  readonly words: Readonly<Record<'ko' | 'en', Told>>;
  readonly written_by: string;
  readonly written_at: string;
  readonly reason: string;
  readonly approved_by: string | null;
  readonly approved_at: string | null;
}

export interface Post {
  readonly id: string;
  readonly operation_id: string | null;
  readonly shown: number | null;
  readonly newest: number;
  readonly updated_at: string;
  readonly withdrawn_at: string | null;
  readonly version: number;
  readonly revisions: readonly Revision[];
}

export interface Situation {
  readonly id: string;
  readonly as_of: string;
  readonly operation: OperationLine;
  readonly incidents: { readonly total: number; readonly open: number; readonly closed: number; readonly by_severity: Readonly<Partial<Record<Severity, number>>> };
  readonly toll: Toll | null;
  readonly said: { readonly alerts: number; readonly warnings: number; readonly notices: number };
  readonly decisions: { readonly total: number; readonly open: number; readonly done: number; readonly overdue: number };
  readonly entries: { readonly measures: number; readonly requests: number; readonly open: number };
  readonly members: { readonly public: number; readonly private: number };
  readonly agencies: readonly { readonly agency_id: string; readonly name: string | null; readonly name_en: string | null; readonly sent: number; readonly acknowledged: number; readonly declined: number }[];
  readonly items: readonly Grouped[];
  readonly levels: readonly { readonly change: LevelChange['change']; readonly before: Severity | null; readonly after: Severity | null; readonly at: string; readonly issued_by: string }[];
  readonly next_meeting: { readonly ordinal: number; readonly starts_at: string } | null;
  readonly last_report: { readonly kind: ReportLine['kind']; readonly ordinal: number; readonly number: string; readonly as_of: string; readonly approved_at: string } | null;
  readonly posts: readonly { readonly level: Severity | null; readonly title: Readonly<Record<'ko' | 'en', string>>; readonly approved_at: string }[];
}
