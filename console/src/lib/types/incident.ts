/** Incidents as the API shows them. */
import type { Alarm } from './alarm';
import type { CameraState } from './city';
import type { Severity } from './common';
import type { Notice } from '../../notices/types';

export interface Place {
  readonly lon: number | null;
  readonly lat: number | null;
  readonly name: string | null;
  readonly address: string | null;
  readonly located: boolean;
}

export const incidentStatuses = ['open', 'acknowledged', 'handed_off', 'closed'] as const;
export type IncidentStatus = (typeof incidentStatuses)[number];

export const sources = ['112', '119', 'disaster', 'operator', 'bell', 'analytics', 'citizen', 'sensor'] as const;
export type Source = (typeof sources)[number];

export const handoffKinds = ['transfer', 'joint', 'tell'] as const;
export const outcomes = ['real', 'false', 'drill'] as const;
export interface GoldenClock {
  readonly name: string;
  readonly title?: string;
  readonly started_at: string;
  readonly stopped_at: string | null;
  readonly target_s: number;
}

export interface Handoff {
  readonly id: string;
  readonly agency: string;
  readonly agency_name?: string | null;
  readonly kind: string;
  readonly status: string;
  readonly sent_at: string;
  readonly sent_by?: string | null;
  readonly acknowledged_at: string | null;
  readonly answered_at?: string | null;
  readonly answered_by?: string | null;
  readonly answer?: string | null;
  readonly note?: string | null;
  readonly incident_id?: string;
  /** What the agency said after it had it. */
  readonly progress?: 'accepted' | 'done' | null;
  readonly services?: readonly string[];
  /** How it went out by the agency's own door; null where it has none. */
  readonly door?: { readonly way: string | null; readonly status: DoorStatus; readonly reason: string | null; readonly tries: number } | null;
  readonly messages?: readonly HandoffMessage[];
}

export type DoorStatus = 'queued' | 'sending' | 'unknown' | 'sent' | 'dead' | 'given_up';

export interface HandoffMessage {
  readonly id: string;
  readonly side: 'city' | 'agency';
  readonly text: string;
  readonly by: string;
  readonly at: string;
}

export interface Incident {
  readonly id: string;
  readonly receipt_no: string;
  readonly external_ref: string | null;
  readonly type: string;
  /** A key of the catalogue: what kind of thing happened. */
  readonly title: string;
  readonly severity: Severity;
  readonly status: IncidentStatus;
  readonly mode: 'real' | 'drill' | 'test';
  readonly version: number;
  readonly opened_at: string;
  readonly acknowledge_by: string;
  readonly acknowledged_at: string | null;
  readonly acknowledged_by: string | null;
  readonly cleared_at: string | null;
  readonly closed_at: string | null;
  readonly outcome: string | null;
  readonly merged_into: string | null;
  readonly merged_count: number;
  readonly place: Place;
  readonly source: Source;
  readonly alarm_count: number;
  readonly standing_alarms: number;
  readonly report_count: number;
  /** Ids of the agencies that have it on their screens. */
  readonly handed_to: readonly string[];
  readonly handoffs_sent: number;
  readonly handoffs_acknowledged: number;
  readonly tasks_open?: number;
  /** The nearest deadline of its open tasks. */
  readonly task_due_at?: string | null;
  /** Requests for its pictures that wait for somebody of the centre. */
  readonly video_waiting?: number;
  /** The running golden-time clock that ends first. */
  readonly clock: GoldenClock | null;
}

export interface ChosenCamera {
  readonly id: string;
  readonly site_id: string;
  readonly distance_m: number;
  readonly reason: string;
  readonly reason_text?: string;
  /** A nearer camera that could not be used. */
  readonly instead_of?: string | null;
  readonly state: CameraState;
  readonly name?: string | null;
  readonly lon?: number;
  readonly lat?: number;
  readonly azimuth_deg?: number | null;
  readonly fov_deg?: number | null;
  readonly range_m?: number | null;
  readonly ptz?: boolean;
  readonly retention_days?: number | null;
  /** Whether anybody has said where its picture comes from. */
  readonly has_stream?: boolean;
}

export interface TimelineEntry {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  /** Written by the city itself, not by a person. */
  readonly auto: boolean;
  readonly text: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

export type TaskAct = 'take' | 'done' | 'give_back' | 'hand_on' | 'cancel' | 'undo';

/** 임무: asked of a person, an agency or a role. `answer`: it ends by an answer to the manual. */
export interface Task {
  readonly id: string;
  readonly incident_id: string;
  readonly version: number;
  readonly kind: string;
  readonly from: 'manual' | 'hand' | 'dure';
  readonly act: string | null;
  readonly title: string;
  readonly status: 'asked' | 'taken' | 'done' | 'cancelled';
  readonly wants: 'done' | 'answer';
  readonly role: string | null;
  readonly agency: string | null;
  readonly agency_name: string | null;
  readonly person: string | null;
  readonly person_name: string | null;
  readonly holder: string | null;
  readonly asked_by: string | null;
  readonly created_at: string;
  readonly due_at: string | null;
  readonly late: boolean;
  readonly taken_at: string | null;
  readonly taken_by: string | null;
  readonly done_at: string | null;
  readonly done_by: string | null;
  readonly result: string | null;
  readonly reason: string | null;
  readonly cancelled_at: string | null;
  readonly cancelled_by: string | null;
  readonly decision_id: string | null;
  readonly state: 'in_time' | 'near' | 'over';
  readonly may: readonly TaskAct[];
}

export const incidentRoles = ['lead', 'operator', 'liaison', 'recorder'] as const;
export type IncidentRole = (typeof incidentRoles)[number];

/** Who holds a role in an incident; `until` is set once they do not any more. */
export interface RoleHeld {
  readonly id: string;
  readonly role: IncidentRole;
  readonly name: string;
  readonly actor: string;
  readonly agency: string | null;
  readonly since: string;
  readonly given_by: string;
  readonly until: string | null;
}

/** 결정: never edited; a correction is a new one that points to the old. */
export interface Decision {
  readonly id: string;
  readonly number: number;
  readonly what: string;
  readonly why: string;
  readonly alternatives: string;
  readonly decided_at: string;
  readonly decided_by: string;
  readonly recorded_at: string;
  readonly recorded_by: string;
  readonly corrects: string | null;
  readonly corrects_number: number | null;
  readonly corrected_by: string | null;
  readonly corrected_by_number: number | null;
}

export interface Attachment {
  readonly id: string;
  readonly incident_id: string;
  readonly name: string;
  readonly about: string;
  readonly kind: string;
  readonly size: number;
  /** People can be known by it: opening it asks for a purpose. */
  readonly persons: boolean;
  readonly added_at: string;
  readonly added_by: string;
  readonly removed_at: string | null;
  readonly removed_by: string | null;
  readonly reason: string | null;
  readonly left_out: readonly string[];
  readonly shown: boolean;
  readonly may_remove: boolean;
}

/** What somebody told the city about it, as it came. */
export interface Report {
  readonly id: string;
  readonly source: string;
  readonly external_ref: string | null;
  readonly description: string;
  readonly address: string | null;
  readonly times: number;
  readonly received_at: string;
  readonly received_by: string;
  readonly caller_id: string | null;
  readonly caller: { readonly name: string | null; readonly phone: string | null } | null;
}

export interface MergedIncident {
  readonly id: string;
  readonly receipt_no: string;
  readonly type: string;
  readonly merged_at: string;
  readonly merged_by: string;
  readonly by_rule: boolean;
}

export interface Duplicate {
  readonly id: string;
  readonly receipt_no: string;
  readonly type: string;
  readonly severity: Severity;
  readonly likeness: string;
  readonly distance_m: number | null;
  readonly opened_at: string;
}

export interface IncidentDetail extends Incident {
  readonly title_text?: string;
  readonly description: string;
  /** Its cameras' live pictures open by themselves. */
  readonly live_opens?: boolean;
  readonly outcome_reason: string | null;
  readonly closed_by: string | null;
  readonly suggested_agencies?: readonly string[];
  readonly alarms: readonly Alarm[];
  readonly cameras: readonly ChosenCamera[];
  readonly clocks: readonly GoldenClock[];
  readonly handoffs: readonly Handoff[];
  readonly tasks: readonly Task[];
  readonly roles: readonly RoleHeld[];
  readonly decisions: readonly Decision[];
  readonly attachments: readonly Attachment[];
  readonly notices?: readonly Notice[];
  readonly reports?: readonly Report[];
  readonly merged?: readonly MergedIncident[];
  readonly duplicates?: readonly Duplicate[];
  readonly place_candidates?: readonly PlaceCandidate[];
  readonly timeline: readonly TimelineEntry[];
}

export interface IncidentType {
  readonly id: string;
  readonly title: string;
  readonly title_text: string;
  readonly severity: Severity;
  readonly agencies: readonly string[];
}

export interface PlaceCandidate {
  readonly name?: string | null;
  readonly address?: string | null;
  readonly lon?: number | null;
  readonly lat?: number | null;
}
