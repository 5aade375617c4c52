/** Shapes of duty rosters, shift logs and what goes up the ladder. */
export type Post = 'lead' | 'deputy' | 'member';

export interface Shift {
  readonly id: string;
  readonly ko: string;
  readonly en: string;
  readonly begins: string;
  readonly ends: string;
  readonly days: 'every' | 'work' | 'off';
}

export interface Pattern {
  readonly id: string;
  readonly ko: string;
  readonly en: string;
  readonly teams: number;
  readonly cycle: readonly string[];
  readonly step: number;
  readonly shifts: readonly Shift[];
  readonly round_the_clock: boolean;
}

export interface Brief {
  readonly id: string;
  readonly agency_id: string | null;
  readonly name: string;
  readonly name_en: string;
  readonly title: string;
  readonly answers_to: string | null;
  readonly keeps_log: boolean;
  readonly may_set: boolean;
  readonly version: number;
}

export interface Member {
  readonly account_id: string;
  readonly post: Post;
}

export interface Team {
  readonly name: string;
  readonly members: readonly Member[];
}

export interface Plan {
  readonly since: string;
  readonly anchor: string;
  readonly pattern: Pattern;
  readonly teams: readonly Team[];
}

export interface Rung {
  readonly ko: string;
  readonly en: string;
  readonly kind: 'crew' | 'lead' | 'roster' | 'accounts';
  readonly wait_s: number;
  readonly accounts: readonly string[];
  readonly roster_id: string | null;
}

export interface Desk {
  readonly id: string;
  readonly label: string;
}

export interface Roster extends Brief {
  readonly ladder: readonly Rung[];
  readonly plans: readonly Plan[];
  readonly people: readonly Desk[];
}

export interface Slot {
  readonly day: string;
  readonly shift: string;
  readonly title: string;
  readonly begins_at: string;
  readonly ends_at: string;
}

export interface Person {
  readonly account_id: string;
  readonly label: string;
  readonly post: Post;
  readonly instead_of: string | null;
}

export interface Crew extends Slot {
  readonly team: string;
  readonly assigned: boolean;
  readonly people: readonly Person[];
  readonly away: readonly string[];
  readonly lead: string | null;
}

export interface Gap {
  readonly begins_at: string;
  readonly ends_at: string;
  readonly lack: 'nobody' | 'no_lead' | 'unplanned';
  readonly slot: Slot | null;
}

export interface Change {
  readonly id: string;
  readonly kind: 'substitute' | 'swap' | 'absence';
  readonly status: 'asked' | 'agreed' | 'approved' | 'refused' | 'withdrawn';
  readonly why: 'leave' | 'training' | 'duty' | 'other';
  readonly day: string;
  readonly shift: string | null;
  readonly other_day: string | null;
  readonly other_shift: string | null;
  readonly last_day: string | null;
  readonly out_account: string | null;
  readonly in_account: string | null;
  readonly out_label?: string | null;
  readonly in_label?: string | null;
  readonly asked_by: string;
  readonly decided_by: string | null;
  readonly version: number;
  readonly short_rest?: readonly Slot[];
}

export interface Day {
  readonly day: string;
  readonly weekday: number;
  readonly holiday: string | null;
  readonly off: boolean;
  readonly shifts: readonly Crew[];
}

export interface Month {
  readonly month: string;
  readonly manned: boolean;
  readonly days: readonly Day[];
  readonly gaps: readonly Gap[];
  readonly changes: readonly Change[];
}

export interface Rise {
  readonly id: string;
  readonly incident_id: string;
  readonly receipt_no: string;
  readonly severity: string;
  readonly mode: string;
  readonly status: 'open' | 'spent';
  readonly begun_at: string;
  readonly next_at: string | null;
  readonly items: readonly string[];
  readonly calls: readonly { readonly title: string; readonly at: string; readonly told: readonly string[]; readonly lack: 'nobody' | 'unreachable' | null }[];
}

export interface LogHead {
  readonly id: string;
  readonly roster_id: string;
  readonly name: string;
  readonly name_en: string;
  readonly day: string;
  readonly shift: string;
  readonly shift_ko: string;
  readonly shift_en: string;
  readonly begins_at: string;
  readonly ends_at: string;
  readonly status: 'open' | 'signed';
  readonly digest: string | null;
  readonly signed_by: string | null;
  readonly signed_as: string | null;
  readonly signed_at: string | null;
  readonly given_by: string | null;
  readonly taken_by: string | null;
  readonly taken_as: string | null;
  readonly taken_at: string | null;
}

export interface Now {
  readonly as_of: string;
  readonly roster_id: string | null;
  readonly manned: boolean;
  readonly current: Crew | null;
  readonly next: Crew | null;
  readonly gaps: readonly Gap[];
  readonly owed: readonly LogHead[];
  readonly rises: readonly Rise[];
  readonly waiting_changes: number;
  readonly log_id: string | null;
  readonly mine: boolean;
}

type Line = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface Summary {
  readonly as_of: string;
  readonly incidents: readonly Line[];
  readonly shelved: readonly Line[];
  readonly broken: readonly Line[];
  readonly cameras_broken: number;
  readonly waiting: Readonly<Record<string, number>>;
}

export interface Log extends LogHead {
  readonly content: {
    readonly crew: readonly Person[];
    readonly incidents: { readonly opened: number; readonly closed: number; readonly left_open: number; readonly lines: readonly Line[] };
    readonly alarms: Readonly<Record<string, number>> & { readonly faults: readonly Line[] };
    readonly handoffs: readonly Line[];
    readonly shelves: readonly Line[];
    readonly pictures: Readonly<Record<string, number>>;
    readonly notices: Readonly<Record<string, number>> & { readonly lines: readonly Line[] };
    readonly rises: readonly Line[];
  };
  readonly remarks: readonly { readonly id: string; readonly kind: 'remark' | 'correction'; readonly at: string; readonly by: string; readonly text: string }[];
  readonly handover: { readonly summary: Summary; readonly note: string; readonly taken_note: string };
  readonly proven: boolean | null;
}

export type { Line };
