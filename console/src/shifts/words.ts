import { clock } from '../lib/clock.svelte';
import { hourMinute, weekday } from '../lib/format';
import { t, texts } from '../lib/i18n.svelte';
import type { Change, Crew, Gap, LogHead, Pattern, Shift, Slot } from './types';

/** 06:00–14:00 */
export const span = (slot: { readonly begins_at: string; readonly ends_at: string }): string => `${hourMinute(slot.begins_at, clock.locale)}–${hourMinute(slot.ends_at, clock.locale)}`;
export const shiftName = (shift: Shift): string => (texts.language === 'en' ? shift.en : shift.ko);
export const patternName = (pattern: Pattern): string => (texts.language === 'en' ? pattern.en : pattern.ko);
export const logShift = (log: LogHead): string => (texts.language === 'en' ? log.shift_en : log.shift_ko);
export const logTitle = (log: LogHead): string => t('shifts.log.of', { day: log.day, shift: logShift(log) });
/** A day of the city as a moment in its middle, so that its weekday is read right in the city's zone. */
const noon = (day: string): string => `${day}T12:00:00Z`;
export const dayName = (day: string): string => `${day.slice(5).replace('-', '/')} ${weekday(noon(day), { language: texts.language, zone: 'UTC' })}`;
export const slotName = (slot: Slot): string => `${dayName(slot.day)} ${slot.title} ${span(slot)}`;
export const gapName = (gap: Gap): string => t(`shifts.gap.${gap.lack}`);
export const key = (slot: { readonly day: string; readonly shift: string }): string => `${slot.day} ${slot.shift}`;

export function changeName(change: Change, titles: ReadonlyMap<string, string>): string {
  const at = (day: string | null, shift: string | null): string => (day ? `${dayName(day)} ${titles.get(shift ?? '') ?? shift ?? ''}` : '');
  if (change.kind === 'absence') return t('shifts.change.is.absence', { who: change.out_label ?? '', from: dayName(change.day), to: dayName(change.last_day ?? change.day), why: t(`shifts.why.${change.why}`) });
  if (change.kind === 'swap') return t('shifts.change.is.swap', { who: change.out_label ?? '', other: change.in_label ?? '', at: at(change.day, change.shift), there: at(change.other_day, change.other_shift) });
  if (change.out_label) return t('shifts.change.is.substitute', { who: change.out_label, other: change.in_label ?? '', at: at(change.day, change.shift) });
  return t('shifts.change.is.added', { other: change.in_label ?? '', at: at(change.day, change.shift) });
}

/** A month before or after, as 2026-12. */
export function monthAfter(month: string, step: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  const at = new Date(Date.UTC(year, number - 1 + step, 1));
  return at.toISOString().slice(0, 7);
}

export const ends = (crew: Crew): number => Date.parse(crew.ends_at);
