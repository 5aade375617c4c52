import { t } from '../lib/i18n.svelte';
import type { Incident } from '../lib/types';

/** How far an incident is, in a few words. */
export function progressOf(incident: Incident): string {
  if (incident.status === 'closed') return incident.outcome ? t('progress.closedAs', { outcome: t(`outcome.${incident.outcome}` as 'outcome.real') }) : t('status.closed');
  if (incident.handoffs_sent > 0) return t('progress.waiting', { n: incident.handoffs_sent });
  if (incident.status === 'handed_off') return t('progress.handedOff', { n: incident.handoffs_acknowledged });
  if (incident.status === 'acknowledged') return incident.acknowledged_by ? t('progress.by', { who: incident.acknowledged_by }) : t('status.acknowledged');
  return t('progress.open');
}
