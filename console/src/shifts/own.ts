/** A roster pattern of the city's own, as it is written on the screen. */
import type { Pattern, Shift } from './types';

type Open<T> = { -readonly [name in keyof T]: T[name] };

export interface OwnPattern {
  ko: string;
  en: string;
  teams: string;
  step: string;
  cycle: string;
  shifts: Open<Shift>[];
}

/** The days of a cycle as they are written: shifts with blanks or commas between, "-" or "0" for a free day. */
export function cycleOf(written: string): string[] {
  return written.split(/[\s,]+/).filter(Boolean).map((one) => (one === '-' || one === '0' ? '' : one));
}

/** A pattern to begin with, or to change. */
export function ownOf(pattern: Pattern): OwnPattern {
  return {
    ko: pattern.ko,
    en: pattern.en,
    teams: String(pattern.teams),
    step: String(pattern.step),
    cycle: pattern.cycle.map((one) => one || '-').join(' '),
    shifts: pattern.shifts.map((one) => ({ ...one })),
  };
}

/** As the API takes it. */
export function sentOf(own: OwnPattern): { ko: string; en: string; shifts: readonly Shift[]; cycle: string[]; step: number } {
  return { ko: own.ko, en: own.en, shifts: own.shifts, cycle: cycleOf(own.cycle), step: Number(own.step) };
}
