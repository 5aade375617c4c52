/** Reports of diseases, as the API shows them. */
export const kinds = ['patient', 'suspected', 'carrier'] as const;
export const tests = ['none', 'pending', 'positive', 'negative'] as const;
export const reasons = ['incomplete', 'wrong_person', 'wrong_disease', 'not_a_case', 'elsewhere'] as const;
export const states = ['received', 'accepted', 'returned'] as const;

export interface Reportable {
  readonly code: string;
  readonly ko: string;
  readonly en: string;
  readonly class: number;
  readonly within_hours: number;
  readonly source: string;
}

export interface StatutoryReport {
  readonly id: string;
  readonly disease: string;
  readonly class: number;
  readonly kind: (typeof kinds)[number];
  readonly name: string | null;
  readonly sex: 'm' | 'f';
  readonly age: number;
  readonly district: string | null;
  readonly diagnosed_at: string;
  readonly institution: string;
  readonly told_at: string;
  readonly due_at: string;
  readonly late: boolean;
  readonly state: (typeof states)[number];
  readonly why: (typeof reasons)[number] | null;
  readonly case_code: string | null;
  readonly version: number;
}
