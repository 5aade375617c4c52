/** Shapes of the import API: a run is one file of one kind, a preview until it is applied. */
export const importKinds = ['cctv', 'cameras', 'boundary', 'markets', 'stalls', 'market_plans', 'hydrants', 'devices', 'facilities', 'people', 'cases', 'contacts'] as const;
export type ImportKind = (typeof importKinds)[number];
export type RowStatus = 'added' | 'changed' | 'same' | 'rejected';

export interface Reason {
  readonly key: string;
  readonly text: string;
  readonly count: number;
}

export interface Counts {
  readonly read?: number;
  readonly added?: number;
  readonly changed?: number;
  readonly same?: number;
  readonly rejected?: number;
  readonly reasons?: readonly Reason[];
  readonly notes?: readonly Reason[];
  readonly undo?: Readonly<Record<string, unknown>>;
}

export interface Reading {
  readonly format?: string;
  readonly encoding?: string | null;
  readonly delimiter?: string | null;
  readonly sheet?: string | null;
  readonly header_row?: number;
  readonly columns?: readonly { readonly name: string; readonly field: string | null }[];
  readonly crs?: string | number | null;
}

export interface Run {
  readonly id: string;
  readonly kind: string;
  readonly file_name: string;
  readonly file_size: number;
  readonly state: 'reading' | 'ready' | 'applying' | 'applied' | 'undoing' | 'undone' | 'cancelled' | 'failed' | 'expired';
  readonly done: number;
  readonly total: number | null;
  readonly reading: Reading;
  readonly counts: Counts;
  readonly problem: { readonly key: string; readonly text: string } | null;
  readonly created_at: string;
  readonly applied_at: string | null;
  readonly undo_until: string | null;
  readonly undone_at: string | null;
  readonly version: number;
}

export type Repair =
  | { readonly kind: 'swap'; readonly fields: readonly string[] }
  | { readonly kind: 'set'; readonly field: string; readonly value: string }
  | { readonly kind: 'place'; readonly fields: readonly string[]; readonly lon: number; readonly lat: number; readonly address: string };

export interface Remark {
  readonly field: string;
  readonly column: string | null;
  readonly key: string;
  readonly text: string;
  readonly repair: Repair | null;
}

export interface FileRow {
  readonly row: number;
  readonly status: RowStatus;
  readonly key: string | null;
  readonly cells: readonly (string | null)[];
  readonly diff: Readonly<Record<string, readonly [unknown, unknown]>> | null;
  readonly reasons: readonly Remark[];
  readonly notes: readonly Remark[];
}

export const working: readonly Run['state'][] = ['reading', 'applying', 'undoing'];
