/** A disease of which there are cases. */
export interface Disease {
  readonly disease: string;
  readonly cases: number;
  readonly first_at: string;
  readonly last_at: string;
}

export interface Totals {
  readonly cases: number;
  readonly imported: number;
  readonly died: number;
  readonly recovered: number;
  readonly fresh: number;
}

export interface Day {
  readonly day: string;
  readonly reported: number;
  readonly imported: number;
  readonly begun: number;
  readonly died: number;
}

export interface Reproduction {
  readonly day: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly cases: number;
}

/** The figures as they were known at `as_of`. */
export interface Situation {
  readonly as_of: string;
  readonly since: string;
  readonly totals: Totals;
  readonly before: Totals;
  readonly days: readonly Day[];
  readonly districts: readonly { readonly district: string | null; readonly cases: number; readonly fresh: number; readonly died: number }[];
  readonly ages: readonly { readonly age: number; readonly cases: number; readonly died: number }[];
  readonly reproduction: readonly Reproduction[];
}

export interface Case {
  readonly id: string;
  readonly code: string;
  readonly sex: 'm' | 'f' | null;
  readonly age: number | null;
  readonly age_band: string | null;
  readonly district: string | null;
  readonly onset_on: string | null;
  readonly confirmed_on: string | null;
  readonly reported_at: string;
  readonly outcome: 'died' | 'recovered' | null;
  readonly source: string | null;
  readonly hospital: string | null;
  readonly imported: boolean;
  readonly version: number;
}

/** A case in the drawing of chains: `day` counts days, `row` its place from above. */
export interface Node {
  readonly code: string;
  readonly known: boolean;
  readonly day: number | null;
  readonly row: number;
  readonly infected: number;
  readonly generation: number;
  readonly cluster: number;
  readonly outcome: 'died' | 'recovered' | null;
}

export interface Chains {
  readonly nodes: readonly Node[];
  readonly links: readonly (readonly [string, string])[];
  readonly clusters: readonly number[];
  readonly faults: { readonly strangers: readonly string[]; readonly selves: readonly string[]; readonly loops: readonly (readonly string[])[]; readonly doubled: number };
  readonly spread: { readonly mean: number; readonly k: number | null; readonly top_share: number | null };
  readonly intervals: { readonly count: number; readonly negative: number; readonly mean: number; readonly median: number; readonly sd: number } | null;
  readonly cut: boolean;
}
