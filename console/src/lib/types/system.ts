/** The house itself: engines, agencies, who is signed in. */
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
  /** A role asks for a second factor that this session has not shown: nothing else can be done. */
  readonly second_missing?: boolean;
  readonly agency: string | null;
  readonly agency_name: string | null;
  /** The posts that one holds at this moment. */
  readonly duties?: readonly string[];
  /** Roles that a colleague gave for a time, with that desk's label. */
  readonly delegated?: Readonly<Record<string, string>>;
  readonly shared?: boolean;
  readonly network: string | null;
  readonly address: string | null;
  readonly language: 'ko' | 'en';
  readonly time_zone: string;
}
