import { api } from './api';
import { texts } from './i18n.svelte';
import { Resource } from './resource.svelte';
import type { Agency, Page } from './types';

/** The agencies that incidents can be handed to; read once a visit. */
export const agencies = new Resource<readonly Agency[]>(async () => (await api.get<Page<Agency>>('/agencies', { limit: 500 })).items);

export function wantAgencies(): void {
  if (agencies.data === null && !agencies.loading) void agencies.load();
}

export function agencyName(id: string): string {
  const agency = agencies.data?.find((one) => one.id === id);
  return (texts.language === 'en' ? agency?.name_en : null) ?? agency?.name ?? id;
}
