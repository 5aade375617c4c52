/** A number from a field; null for an empty one, NaN for what is not a number. */
export function numberOf(text: string): number | null {
  const trimmed = text.trim();
  return trimmed === '' ? null : Number(trimmed);
}

/** A number for a field; null is shown as an empty one. */
export const fieldOf = (value: number | null | undefined): string => (value == null ? '' : String(value));

/** Only what a person changed, so that what another changed meanwhile is not undone. */
export function changesOf<T extends Record<string, unknown>>(before: Readonly<Record<string, unknown>>, after: T): Partial<T> {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name] ?? null))) as Partial<T>;
}
