import { clock } from '../lib/clock.svelte';
import * as f from '../lib/format';
import { t, texts } from '../lib/i18n.svelte';
import type { Alarm } from '../lib/types';

/** What a person sees of a rule: its name, in their language where it has one. */
export function ruleName(alarm: { readonly rule: string; readonly rule_name?: unknown; readonly name_ko?: string; readonly name_en?: string }): string {
  if (typeof alarm.rule_name === 'string') return alarm.rule_name;
  const named = alarm.rule_name as { ko?: string; en?: string } | null | undefined;
  return named?.[texts.language] ?? named?.ko ?? alarm.rule;
}

export function readingOf(value: number | boolean | null | undefined, unit: string | null | undefined): string {
  if (value == null) return '';
  if (typeof value === 'boolean') return t(value ? 'reading.yes' : 'reading.no');
  return f.reading(value, unit, texts.language);
}

/** The values that led to an alarm. */
export const runOf = (alarm: Alarm): number[] => (alarm.recent ?? []).map(([, value]) => value);

/** `58 → 71 °C`: from the first value of the run-up to the last. */
export function changeOf(alarm: Alarm): string {
  const run = runOf(alarm);
  const last = run.at(-1);
  const firstValue = run[0];
  if (firstValue === undefined || last === undefined) return readingOf(alarm.value, alarm.unit);
  const plain = (value: number): string => f.reading(value, null, clock.locale.language);
  return `${plain(firstValue)} → ${f.reading(last, alarm.unit, clock.locale.language)}`;
}
