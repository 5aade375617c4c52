/** A request for movements: of whom, about whom, why, and what became of it. */
export interface Request {
  readonly id: string;
  readonly source: 'interview' | 'card' | 'telecom' | 'transit' | 'cctv';
  readonly holder: string;
  readonly codes: readonly string[];
  readonly from_at: string;
  readonly to_at: string;
  readonly purpose: string;
  readonly basis: string;
  readonly document: string | null;
  readonly status: 'asked' | 'approved' | 'refused' | 'reading' | 'given' | 'failed' | 'destroyed';
  readonly asked_name: string;
  readonly asked_at: string;
  readonly decided_name: string | null;
  readonly reason: string | null;
  readonly counts: { readonly rows?: number; readonly kept?: number; readonly people?: number; readonly refused?: Readonly<Record<string, number>> } | null;
  readonly destroy_at: string | null;
  readonly destroyed_at: string | null;
  readonly own: boolean;
}

/** Somebody near a case, by their number in a file. */
export interface Met {
  readonly code: string;
  readonly request_id: string;
  readonly number: number;
  readonly case: string | null;
  readonly minutes: number;
  readonly nearest_m: number;
  readonly days: number;
  readonly places: number;
  readonly first_at: string;
  readonly last_at: string;
  readonly score: number;
  readonly reasons: readonly string[];
}

export interface Traced {
  readonly cases: number;
  readonly files: number;
  readonly stays: number;
  readonly found: number;
  readonly cut: boolean;
  readonly items: readonly Met[];
}

export interface SharedPlace {
  readonly place: string;
  readonly address: string;
  readonly codes: readonly string[];
  readonly together: readonly string[];
  readonly together_from: string | null;
  readonly first_at: string;
  readonly last_at: string;
}

export interface Told {
  readonly place: string;
  readonly kind: string;
  readonly address: string;
  readonly from_at: string;
  readonly to_at: string;
  readonly removed_on: string;
}

export interface Untold {
  readonly id: string;
  readonly place: string;
  readonly kind: string;
  readonly from_at: string;
  readonly contacts_known: boolean;
  readonly many_exposed: boolean;
  readonly why: string;
}

export interface Disclosure {
  readonly on: string;
  readonly rule: { readonly since: string; readonly days_before: number; readonly removed_after: number; readonly source: string };
  readonly items: readonly Told[];
  readonly hidden: readonly Untold[];
}

/** A part of a report's paper: words, or a table. */
export type Block = { readonly words: string; readonly weight: number } | { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
