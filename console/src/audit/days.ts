import { day, type Locale } from '../lib/format';

/** The moment when a day (2026-03-02) begins in the city's zone, as RFC 3339. */
export function dayBegins(date: string, zone: string): string {
  let at = Date.parse(`${date}T00:00:00Z`);
  for (let look = 0; look < 2; look += 1) at -= offset(at, zone) - (Date.parse(`${date}T00:00:00Z`) - at);
  return new Date(at).toISOString();
}

function offset(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).formatToParts(at);
  const part = (name: string): number => Number(parts.find((one) => one.type === name)?.value ?? 0);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - at;
}

/** A day some days after another, as dates. */
export function daysAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

export const today = (now: Date, locale: Locale): string => day(now, locale);
