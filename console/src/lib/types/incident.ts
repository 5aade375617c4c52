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
}

export interface Task {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly role: string;
  readonly created_at: string;
  readonly due_at: string;
  readonly done_at: string | null;
  readonly done_by: string | null;
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
