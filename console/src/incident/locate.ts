import { api } from '../lib/api';
import { t } from '../lib/i18n.svelte';
import { act } from '../lib/toasts.svelte';
import type { Incident } from '../lib/types';

/** Says where an incident is: a point of the map, one of the places that were found, or an address. */
export type Where = { readonly lon: number; readonly lat: number } | { readonly candidate: number } | { readonly address: string };

export function located(incident: Incident, where: Where): Promise<boolean> {
  return act(() => api.patch(`/incidents/${encodeURIComponent(incident.id)}/place`, where), t('incident.done.located'));
}
