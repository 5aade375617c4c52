/** How a stall stands, the gravest first. */
export const states = ['alarm', 'pre_alarm', 'works', 'silent', 'fault', 'normal', 'unwatched'] as const;
export type State = (typeof states)[number];
export type Ring = readonly (readonly [number, number])[];

export interface Detector {
  readonly id: string;
  readonly state: string;
  readonly fault: string | null;
  readonly last_seen: string | null;
  readonly heat: number | null;
  readonly smoke: boolean | null;
  readonly battery: number | null;
  readonly rssi: number | null;
}
export interface Stall {
  readonly id: string;
  readonly name: string;
  readonly zone: string | null;
  readonly floor: string | null;
  readonly number: string | null;
  readonly shop: string | null;
  readonly business: string | null;
  readonly hours: string | null;
  readonly fire: string | null;
  readonly has_person: boolean;
  readonly state: State;
  readonly since: string | null;
  readonly version: number;
  readonly works_until: string | null;
  readonly outline: Ring;
  readonly source: 'drawn' | 'map' | 'row';
  readonly detectors: readonly Detector[];
}
export interface Mark {
  readonly id: string;
  readonly kind: 'gate' | 'shutoff' | 'hydrant';
  readonly name: string;
  readonly lon: number;
  readonly lat: number;
  readonly shuts: string | null;
}
export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly address: string | null;
  readonly agency_id: string | null;
  readonly middle: readonly [number, number];
  readonly stalls: readonly Stall[];
  readonly marks: readonly Mark[];
  readonly as_of: string;
}
/** What screens hear of a stall. */
export interface LiveStall {
  readonly id: string;
  readonly version: number;
  readonly market_id: string;
  readonly state: State;
  readonly since: string;
}
/** A stall as a plan draws it. */
export interface Drawn {
  readonly id: string;
  readonly number: string;
  readonly zone: string | null;
  readonly outline: Ring;
  readonly tone: State | 'burning' | 'hazard' | 'beside';
  readonly says: string;
  readonly faint?: boolean;
}
export interface Commissioning {
  readonly id: string;
  readonly device_id: string;
  readonly stall_id: string;
  readonly stall: string;
  readonly state: 'placed' | 'done' | 'undone';
  readonly firmware: string | null;
  readonly began_at: string;
  readonly began_by: string;
  readonly press_asked_at: string | null;
  readonly arrived: Readonly<Record<string, number | boolean>>;
  readonly pressed: boolean;
  readonly heard_at: string | null;
  readonly ended_at: string | null;
  readonly can_undo: boolean;
}
export interface Placeable {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly fault: string | null;
  readonly last_seen: string | null;
  readonly stall_id: string | null;
  readonly stall: string | null;
  readonly firmware: string | null;
}

/** 가동 2호 before 가동 10호. */
export const natural = new Intl.Collator('ko', { numeric: true });
