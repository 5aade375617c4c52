export type TextLanguage = 'ko' | 'en';
export const textLanguages: readonly TextLanguage[] = ['ko', 'en'];
export type ByLanguage = Readonly<Record<TextLanguage, string | null>>;

/** What is in force for a kind of incident. */
export interface Entry {
  readonly kind: string;
  /** A key of the catalogue. */
  readonly kind_title: string;
  readonly title: ByLanguage;
  readonly owner: ByLanguage;
  readonly severity: 'critical' | 'serious' | 'watch' | 'notice' | null;
  readonly label: string;
  readonly number: number;
  readonly newest: number;
  readonly source: string;
  readonly languages: readonly TextLanguage[];
  readonly steps: number;
  readonly targets: number;
  readonly published_at: string;
  readonly published_by: string;
}

/** One version with its texts; `version` is the entity's, for If-Match. */
export interface Full {
  readonly kind: string;
  readonly number: number;
  readonly in_force: boolean;
  readonly source: string;
  readonly note: string;
  readonly published_at: string;
  readonly published_by: string;
  readonly texts: ByLanguage;
  readonly plans: Readonly<Partial<Record<TextLanguage, Plan>>>;
  readonly version: number;
}

export interface Plan {
  readonly title: string;
  readonly owner: string;
  readonly version: string;
  readonly severity: Entry['severity'];
  readonly targets: readonly { readonly id: string; readonly name: string; readonly seconds: number; readonly step: number; readonly line: number }[];
  readonly steps: readonly { readonly number: number; readonly title: string; readonly line: number }[];
}

export interface VersionLine {
  readonly number: number;
  readonly source: string;
  readonly note: string;
  readonly published_at: string;
  readonly published_by: string;
  readonly in_force: boolean;
  readonly languages: readonly TextLanguage[];
}

export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly key: string;
  readonly reason: string;
}

export interface Checked {
  readonly ok: boolean;
  readonly steps: number;
  readonly faults: readonly Fault[];
}
