/** What several parts of the API share. */
export const severities = ['critical', 'serious', 'watch', 'notice'] as const;
export type Severity = (typeof severities)[number];

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly total?: number | null;
}

/** A name in both languages. */
export interface Names {
  readonly ko: string;
  readonly en: string;
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
