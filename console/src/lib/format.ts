/** Times are shown in the city's zone, counts in the reader's language. Nothing here holds state. */
export interface Locale {
  readonly language: string;
  readonly zone: string;
}

const cache = new Map<string, Intl.DateTimeFormat>();
function dates(locale: Locale, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale.language}|${locale.zone}|${name}`;
  let made = cache.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(locale.language, { ...options, timeZone: locale.zone });
    cache.set(key, made);
  }
  return made;
}

type Moment = string | number | Date;
const moment = (at: Moment): Date => (at instanceof Date ? at : new Date(at));

/** 03:14:27 */
export function timeOfDay(at: Moment, locale: Locale): string {
  return dates({ ...locale, language: 'en-GB' }, 'time', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(moment(at));
}

/** 03:14 */
export function hourMinute(at: Moment, locale: Locale): string {
  return timeOfDay(at, locale).slice(0, 5);
}

/** 2026-12-05 */
export function day(at: Moment, locale: Locale): string {
  return dates({ ...locale, language: 'en-CA' }, 'day', { year: 'numeric', month: '2-digit', day: '2-digit' }).format(moment(at));
}

/** 토 or Sat */
export function weekday(at: Moment, locale: Locale): string {
  return dates(locale, 'weekday', { weekday: 'short' }).format(moment(at));
}

/** The time alone when it is today, else date and time to the minute. */
export function when(at: Moment, now: Date, locale: Locale): string {
  return day(at, locale) === day(now, locale) ? timeOfDay(at, locale) : `${day(at, locale)} ${hourMinute(at, locale)}`;
}

/** Seconds as 0:38, 16:24, 1:06:55 or 26:05:10; never negative. */
export function elapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = String(whole % 60).padStart(2, '0');
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** Seconds between two moments. */
export function secondsBetween(from: Moment, to: Moment): number {
  return (moment(to).getTime() - moment(from).getTime()) / 1000;
}

/** 1,284 */
export function count(n: number, language: string): string {
  return new Intl.NumberFormat(language).format(n);
}

/** 820 B, 340 KB, 4.2 MB */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** 40 m, 1.2 km */
export function distance(metres: number): string {
  if (metres < 1000) return `${Math.round(metres)} m`;
  return `${(metres / 1000).toFixed(metres < 10_000 ? 1 : 0)} km`;
}

const unitSigns: Record<string, string> = { Cel: '°C', '%EL': '%', '%RH': '%', 'ug/m3': 'µg/m³', 'm3/s': 'm³/s', m3: 'm³', count: '' };

/** A reading with its unit sign; booleans are left to the caller. */
export function reading(value: number, unit: string | null | undefined, language: string): string {
  const shown = new Intl.NumberFormat(language, { maximumFractionDigits: Math.abs(value) < 100 ? 1 : 0 }).format(value);
  const sign = unit ? (unitSigns[unit] ?? unit) : '';
  return sign ? `${shown} ${sign}` : shown;
}
