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
  readonly located: boolean | string;
}

export const incidentStatuses = ['open', 'acknowledged', 'handed_off', 'closed'] as const;
export type IncidentStatus = (typeof incidentStatuses)[number];
export const sources = ['112', '119', 'disaster', 'operator', 'bell', 'analytics', 'citizen', 'sensor'] as const;
export type Source = (typeof sources)[number];
export const handoffKinds = ['passed', 'joint', 'told'] as const;
export const outcomes = ['real', 'false', 'drill'] as const;

export interface GoldenClock {
  readonly name: string;
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
  readonly acknowledged_at: string | null;
  readonly note?: string | null;
}

export interface Incident {
  readonly id: string;
  readonly receipt_no: string;
  readonly external_ref: string | null;
  readonly type: string;
  readonly severity: Severity;
  readonly status: IncidentStatus | 'merged';
  readonly mode: 'real' | 'drill' | 'test';
  readonly version: number;
  readonly opened_at: string;
  readonly closed_at?: string | null;
  readonly acknowledged_at?: string | null;
  readonly acknowledged_by?: string | null;
  readonly owner?: string | null;
  readonly place: Place;
  readonly source: Source;
  readonly title?: string | null;
  readonly description?: string | null;
  readonly outcome?: string | null;
  readonly outcome_reason?: string | null;
  readonly merged_into?: string | null;
  readonly alarm_count?: number;
  readonly camera_count?: number;
  readonly clock?: GoldenClock | null;
  readonly handoff_summary?: readonly Handoff[];
}

export type CameraState = 'ok' | 'unknown' | 'broken' | 'off';

export interface ChosenCamera {
  readonly id: string;
  readonly site_id: string;
  readonly distance_m: number;
  readonly reason: string;
  readonly reason_params?: Readonly<Record<string, string | number | null>>;
  readonly state: CameraState;
  readonly name?: string | null;
  readonly lon?: number;
  readonly lat?: number;
  readonly azimuth?: number | null;
  readonly fov?: number | null;
  readonly range_m?: number | null;
  readonly ptz?: boolean;
  readonly retention_days?: number | null;
  readonly purposes?: readonly string[];
}

export interface TimelineEntry {
  readonly id?: string;
  readonly at: string;
  readonly kind: string;
  readonly actor: string | null;
  readonly text: string;
  readonly key?: string | null;
  readonly params?: Readonly<Record<string, string | number | null>>;
}

export interface Task {
  readonly id?: string;
  readonly title?: string;
  readonly status?: string;
  readonly due_at?: string | null;
  readonly assignee?: string | null;
}

export interface IncidentDetail extends Incident {
  readonly alarms: readonly Alarm[];
  readonly cameras: readonly ChosenCamera[];
  readonly clocks: readonly GoldenClock[];
  readonly handoffs: readonly Handoff[];
  readonly tasks: readonly Task[];
  readonly timeline: readonly TimelineEntry[];
  readonly run?: unknown;
  readonly merged?: readonly { readonly id: string; readonly receipt_no: string }[];
  readonly duplicates?: readonly { readonly id: string; readonly receipt_no: string; readonly distance_m?: number }[];
}

export const alarmStages = ['pre_alarm', 'confirmed', 'cleared', 'false'] as const;
export type AlarmStage = (typeof alarmStages)[number];

export interface Alarm {
  readonly id: string;
  readonly rule: string;
  readonly rule_name?: string | null;
  readonly device: string | null;
  readonly device_name?: string | null;
  readonly subject: string;
  readonly stage: AlarmStage;
  readonly severity: Severity;
  readonly onset_at: string;
  readonly raised_at: string;
  readonly cleared_at: string | null;
  readonly confirmed_at?: string | null;
  readonly acknowledged_at?: string | null;
  readonly acknowledged_by?: string | null;
  readonly late: boolean;
  readonly fault?: boolean;
  readonly life_safety?: boolean;
  readonly incident_id: string | null;
  readonly version: number;
  readonly lane?: string | null;
  readonly service?: string | null;
  readonly group?: string | null;
  readonly members?: number;
  readonly property?: string | null;
  readonly unit?: string | null;
  readonly value?: number | boolean | null;
  readonly limit?: number | null;
  readonly lon?: number | null;
  readonly lat?: number | null;
  readonly place?: string | null;
  readonly shelved_until?: string | null;
  readonly shelved_reason?: string | null;
  readonly reason?: string | null;
}

export interface Engine {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly version?: number;
  readonly pid?: number | null;
  readonly restarts?: number;
  readonly since?: string | null;
  readonly detail?: string | null;
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
  readonly site_id: string | null;
  readonly name: string | null;
  readonly lon: number;
  readonly lat: number;
  readonly azimuth: number | null;
  readonly fov: number | null;
  readonly range_m: number | null;
  readonly ptz: boolean;
  readonly state: CameraState;
  readonly retention_days: number | null;
  readonly purposes?: readonly string[];
  readonly address?: string | null;
  readonly version: number;
}

export interface Device {
  readonly id: string;
  readonly kind: string;
  readonly group?: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly name: string | null;
  readonly asset_id?: string | null;
  readonly state: string;
  readonly fault?: string | null;
  readonly last_seen?: string | null;
  readonly latest?: Readonly<Record<string, unknown>> | null;
  readonly version: number;
  readonly key?: string;
}

export interface Asset {
  readonly id: string;
  readonly kind: string;
  readonly code: string;
  readonly name: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly parent_id?: string | null;
  readonly version: number;
}

export interface Agency {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly version?: number;
  readonly short_name?: string | null;
}

export interface Me {
  readonly id: string;
  readonly username: string;
  readonly name?: string | null;
  readonly roles: readonly string[];
  readonly agency?: string | null;
  readonly network?: string | null;
  readonly address?: string | null;
  readonly permissions: readonly string[];
  readonly city?: string | null;
  readonly time_zone?: string | null;
}

export interface Rule {
  readonly id: string;
  readonly name?: string | null;
  readonly toml: string;
  readonly enabled: boolean;
  readonly version: number;
  readonly severity?: Severity;
  readonly life_safety?: boolean;
  readonly kind?: string | null;
  readonly source?: string | null;
  readonly open_alarms?: number;
  readonly updated_at?: string | null;
}

export interface RuleCheck {
  readonly ok?: boolean;
  readonly valid?: boolean;
  readonly errors: readonly { readonly line: number | null; readonly reason: string; readonly field?: string | null }[];
}

export interface SearchHit {
  readonly kind: string;
  readonly id: string;
  readonly title?: string;
  readonly name?: string;
  readonly detail?: string | null;
  readonly lon?: number | null;
  readonly lat?: number | null;
}
