/** Shapes of the HTTP API as the screens use them (/api/v1/openapi.json has all of it). Times are ISO 8601, coordinates WGS84. */
export const severities = ['critical', 'serious', 'watch', 'notice'] as const;
export type Severity = (typeof severities)[number];

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly total?: number | null;
}

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

export type CameraState = 'ok' | 'unknown' | 'broken' | 'off';

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
  readonly outcome_reason: string | null;
  readonly closed_by: string | null;
  readonly suggested_agencies?: readonly string[];
  readonly alarms: readonly Alarm[];
  readonly cameras: readonly ChosenCamera[];
  readonly clocks: readonly GoldenClock[];
  readonly handoffs: readonly Handoff[];
  readonly tasks: readonly Task[];
  readonly reports?: readonly Report[];
  readonly merged?: readonly MergedIncident[];
  readonly duplicates?: readonly Duplicate[];
  readonly place_candidates?: readonly PlaceCandidate[];
  readonly timeline: readonly TimelineEntry[];
}

export const alarmStages = ['pre_alarm', 'confirmed', 'cleared', 'false'] as const;
export type AlarmStage = (typeof alarmStages)[number];

/** A name in both languages. */
export interface Names {
  readonly ko: string;
  readonly en: string;
}

export interface Alarm {
  readonly id: string;
  readonly rule: string;
  readonly rule_name: Names;
  readonly subject: string;
  readonly device: string | null;
  readonly device_name: string | null;
  readonly group: string | null;
  /** How many devices it stands for. */
  readonly members: number;
  readonly place: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly stage: AlarmStage;
  readonly severity: Severity;
  readonly category: 'event' | 'fault';
  readonly lane: string;
  readonly life_safety: boolean;
  readonly late: boolean;
  readonly open: boolean;
  /** How often it came again while it stood. */
  readonly count: number;
  readonly property: string | null;
  readonly unit: string | null;
  readonly value: number | boolean | null;
  /** What the value was held against. */
  readonly limit: number | null;
  /** The run-up to it: [Unix seconds, value], oldest first. */
  readonly recent: readonly (readonly [number, number])[];
  readonly onset_at: string;
  readonly raised_at: string;
  readonly cleared_at: string | null;
  readonly acknowledged_at: string | null;
  readonly acknowledged_by: string | null;
  readonly judged_at: string | null;
  readonly judged_by: string | null;
  readonly confirmed_at: string | null;
  readonly shelved_until: string | null;
  readonly shelved_reason: string | null;
  readonly shelved_by: string | null;
  readonly incident_id: string | null;
  readonly version: number;
}

/** More new alarms than a person can follow (IEC 62682). */
export interface Flood {
  readonly count: number;
  readonly limit: number;
  readonly minutes: number;
  readonly flooding: boolean;
}

export interface AlarmSummary {
  readonly as_of: string;
  readonly open: Readonly<Record<Severity, number>>;
  readonly stages: Readonly<Record<AlarmStage, number>>;
  readonly shelved: number;
  readonly chattering: number;
  readonly flood: Flood;
}

export interface Engine {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly version?: number;
  readonly pid?: number | null;
  readonly restarts?: number;
  readonly since?: string | null;
  readonly last_exit?: string | null;
}

export interface Canary {
  readonly id: string;
  readonly at: string | null;
  readonly latency_ms?: number | null;
  readonly stale?: boolean;
}

export interface Observation {
  readonly device: string;
  readonly property: string;
  readonly value: number | boolean;
  readonly unit?: string | null;
  readonly observed_at: string;
}

export interface Camera {
  readonly id: string;
  readonly site_id: string;
  readonly number: number;
  readonly name: string;
  readonly model: string | null;
  readonly lon: number;
  readonly lat: number;
  /** Middle of the view, degrees clockwise from north. */
  readonly azimuth_deg: number | null;
  readonly fov_deg: number | null;
  readonly range_m: number | null;
  readonly ptz: boolean;
  readonly state: CameraState;
  readonly retention_days: number | null;
  readonly purposes: readonly string[];
  readonly source: string;
  readonly version: number;
  readonly updated_at: string;
}

export interface CameraSite {
  readonly id: string;
  readonly name: string;
  readonly agency: string | null;
  readonly phone: string | null;
  readonly road_address: string | null;
  readonly lot_address: string | null;
  readonly purpose_text: string | null;
  readonly camera_count: number;
  readonly pixels: number | null;
  readonly direction: string | null;
  readonly installed: string | null;
  readonly data_date: string | null;
}

export interface CameraDetail extends Camera {
  readonly site: CameraSite | null;
  readonly others: readonly { readonly id: string; readonly number: number; readonly state: CameraState; readonly azimuth_deg: number | null }[];
}

export interface Device {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly group: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly asset_id: string | null;
  readonly state: 'ok' | 'off';
  readonly fault: string | null;
  readonly interval_s: number | null;
  readonly has_key: boolean;
  readonly key_at: string | null;
  readonly last_seen: string | null;
  /** The newest value of each property. */
  readonly latest: Readonly<Record<string, { readonly value: number | boolean; readonly at: string }>>;
  readonly version: number;
  readonly key?: string;
}

export interface Asset {
  readonly id: string;
  readonly kind: string;
  readonly code: string;
  readonly name: string;
  readonly parent_id: string | null;
  readonly road_address: string | null;
  readonly lot_address: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly state: string;
  readonly agency: string | null;
  readonly phone: string | null;
  readonly has_person: boolean;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly version: number;
}

export interface Agency {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly name_en: string;
  readonly networks: readonly string[];
  readonly phone: string | null;
  readonly version: number;
}

export interface Me {
  readonly kind: string;
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly agency: string | null;
  readonly agency_name: string | null;
  readonly network: string | null;
  readonly address: string | null;
  readonly language: 'ko' | 'en';
  readonly time_zone: string;
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

export interface Rule {
  readonly id: string;
  readonly name: Names;
  readonly toml: string;
  readonly enabled: boolean;
  readonly kind: string;
  readonly kinds: readonly string[];
  readonly severity: Severity;
  readonly category: 'event' | 'fault';
  readonly lane: string;
  readonly incident: string | null;
  readonly life_safety: boolean;
  readonly source: string;
  readonly built_in: boolean;
  /** The city changed a rule that came with it. */
  readonly overridden: boolean;
  readonly open_alarms: number;
  readonly version: number;
  readonly updated_at: string | null;
  readonly updated_by: string | null;
}

export interface RuleVersion {
  readonly version: number;
  readonly toml: string | null;
  readonly enabled: boolean;
  readonly at: string | null;
  readonly by: string;
}

export interface RuleCheck {
  readonly ok: boolean;
  readonly errors: readonly { readonly line: number; readonly field: string; readonly reason: string }[];
}

export interface RuleTried {
  readonly readings: number;
  readonly raised: readonly { readonly subject: string; readonly device: string | null; readonly onset_at: string; readonly matured_at: string; readonly cleared_at: string | null; readonly late: boolean; readonly value: number | null }[];
  readonly truncated: boolean;
}

export interface SearchHit {
  readonly entity: string;
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly detail: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
}
