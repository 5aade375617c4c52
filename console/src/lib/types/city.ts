/** What the city keeps: cameras, devices, assets, readings. */
export type CameraState = 'ok' | 'unknown' | 'broken' | 'off';

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
  /** Whether the relay keeps its pictures all the time. */
  readonly recorded: boolean;
  readonly purposes: readonly string[];
  readonly source: string;
  /** Whether anybody has said where its picture comes from. */
  readonly has_stream: boolean;
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
  readonly old_key_until: string | null;
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
