/** Alarms, and the rules behind them. */
import type { Names, Severity } from './common';

export const alarmStages = ['pre_alarm', 'confirmed', 'cleared', 'false'] as const;
export const falseReasons = ['steam', 'cooking', 'disinfection', 'works', 'fault', 'test', 'other'] as const;
export const shelfReasons = ['works', 'disinfection', 'maintenance', 'fault', 'test', 'other'] as const;
export const realReasons = ['camera', 'site', 'call', 'more', 'other'] as const;
export type AlarmStage = (typeof alarmStages)[number];

export interface Alarm {
  readonly id: string;
  readonly rule: string;
  readonly rule_name: Names;
  readonly subject: string;
  readonly device: string | null;
  readonly device_name: string | null;
  readonly group: string | null;
  /** How many devices it stands for. */
  readonly members: number;
  readonly place: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly stage: AlarmStage;
  readonly severity: Severity;
  readonly category: 'event' | 'fault';
  readonly lane: string;
  readonly life_safety: boolean;
  readonly late: boolean;
  readonly open: boolean;
  /** How often it came again while it stood. */
  readonly count: number;
  readonly property: string | null;
  readonly unit: string | null;
  readonly value: number | boolean | null;
  /** What the value was held against. */
  readonly limit: number | null;
  /** The run-up to it: [Unix seconds, value], oldest first. */
  readonly recent: readonly (readonly [number, number])[];
  readonly onset_at: string;
  readonly raised_at: string;
  readonly cleared_at: string | null;
  readonly acknowledged_at: string | null;
  readonly acknowledged_by: string | null;
  readonly judged_at: string | null;
  readonly judged_by: string | null;
  /** Why a person judged it so: one of `falseReasons` or `realReasons`; and what they added. */
  readonly judged_reason: (typeof falseReasons)[number] | (typeof realReasons)[number] | null;
  readonly judged_words: string | null;
  readonly confirmed_at: string | null;
  readonly shelved_until: string | null;
  readonly shelved_reason: (typeof shelfReasons)[number] | null;
  readonly shelved_words: string | null;
  readonly shelved_by: string | null;
  readonly incident_id: string | null;
  readonly version: number;
}

/** More new alarms than a person can follow (IEC 62682). */
export interface Flood {
  readonly count: number;
  readonly limit: number;
  readonly minutes: number;
  readonly flooding: boolean;
}

export interface AlarmSummary {
  readonly as_of: string;
  readonly open: Readonly<Record<Severity, number>>;
  readonly stages: Readonly<Record<AlarmStage, number>>;
  readonly shelved: number;
  readonly chattering: number;
  readonly flood: Flood;
}

export interface Rule {
  readonly id: string;
  readonly name: Names;
  readonly toml: string;
  readonly enabled: boolean;
  readonly kind: string;
  readonly kinds: readonly string[];
  readonly severity: Severity;
  readonly category: 'event' | 'fault';
  readonly lane: string;
  readonly incident: string | null;
  readonly life_safety: boolean;
  readonly source: string;
  readonly built_in: boolean;
  /** The city changed a rule that came with it. */
  readonly overridden: boolean;
  readonly open_alarms: number;
  readonly version: number;
  readonly updated_at: string | null;
  readonly updated_by: string | null;
}

export interface RuleVersion {
  readonly version: number;
  readonly toml: string | null;
  readonly enabled: boolean;
  readonly at: string | null;
  readonly by: string;
}

export interface RuleCheck {
  readonly ok: boolean;
  readonly errors: readonly { readonly line: number; readonly field: string; readonly reason: string }[];
}

export interface RuleTried {
  readonly readings: number;
  readonly raised: readonly { readonly subject: string; readonly device: string | null; readonly onset_at: string; readonly matured_at: string; readonly cleared_at: string | null; readonly late: boolean; readonly value: number | null }[];
  readonly truncated: boolean;
}
