import type { Incident, Severity } from '../lib/types';

const rank: Record<Severity, number> = { critical: 0, serious: 1, watch: 2, notice: 3 };

/** Times and ids are plain ASCII: no language's order is needed, and it costs a tenth. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The queue's order: the gravest first, and of the same gravity the newest. */
export function inOrder(incidents: readonly Incident[]): Incident[] {
  return [...incidents].sort((a, b) => rank[a.severity] - rank[b.severity] || compare(b.opened_at, a.opened_at) || compare(a.id, b.id));
}

/**
 * The rows to show, so that none moves under the pointer. While `held`, rows keep the places of `before`: those that ended stay
 * (dimmed by the caller) and nothing is let in. Otherwise the true order, without those that still wait in the bar.
 */
export function rowsOf(open: readonly Incident[], before: readonly string[], waiting: readonly string[], held: boolean): readonly string[] {
  if (held && before.length > 0) return before;
  const hidden = new Set(waiting);
  const next = inOrder(open.filter((incident) => !hidden.has(incident.id))).map((incident) => incident.id);
  return next.length === before.length && next.every((id, i) => id === before[i]) ? before : next;
}
