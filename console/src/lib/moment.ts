/** Moments in fields of type `datetime-local`, which know no zone: they show the city's time, whatever the browser's. */

/** What the field shows for a moment: `2026-03-02T09:00`. */
export function fieldOfMoment(at: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return parts.format(at).replace(' ', 'T');
}

/** The moment that a field means, as ISO in UTC; null where it is empty or none. */
export function momentOf(field: string, zone: string): string | null {
  const asIfUtc = Date.parse(`${field}Z`);
  if (Number.isNaN(asIfUtc)) return null;
  const ahead = Date.parse(`${fieldOfMoment(new Date(asIfUtc), zone)}Z`) - asIfUtc;
  return new Date(asIfUtc - ahead).toISOString();
}
