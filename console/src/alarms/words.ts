import { clock } from '../lib/clock.svelte';
import * as f from '../lib/format';
import { t, texts } from '../lib/i18n.svelte';
import type { Alarm, Names } from '../lib/types';

/** A name in the reader's language. */
export const nameOf = (names: Names): string => names[texts.language] || names.ko;
export const ruleName = (alarm: Alarm): string => nameOf(alarm.rule_name);

export function readingOf(value: number | boolean | null | undefined, unit: string | null | undefined): string {
  if (value == null) return '';
  if (typeof value === 'boolean') return t(value ? 'reading.yes' : 'reading.no');
  return f.reading(value, unit, texts.language);
}

/** The values that led to an alarm. */
export const runOf = (alarm: Alarm): number[] => alarm.recent.map(([, value]) => value);

/** `58 → 71 °C`: from the first value of the run-up to the last. */
export function changeOf(alarm: Alarm): string {
  const run = runOf(alarm);
  const last = run.at(-1);
  const firstValue = run[0];
  if (firstValue === undefined || last === undefined) return readingOf(alarm.value, alarm.unit);
  if (alarm.unit === null && run.every((value) => value === 0 || value === 1)) return t('reading.change', { from: readingOf(firstValue === 1, null), to: readingOf(last === 1, null) });
  const plain = (value: number): string => f.reading(value, null, clock.locale.language);
  return `${plain(firstValue)} → ${f.reading(last, alarm.unit, clock.locale.language)}`;
}
