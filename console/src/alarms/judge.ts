import { api } from '../lib/api';
import { t } from '../lib/i18n.svelte';
import { alarmPlace } from '../lib/names';
import { act } from '../lib/toasts.svelte';
import type { Alarm } from '../lib/types';

export type Judgement = 'acknowledge' | 'confirm' | 'false' | 'shelve' | 'unshelve';

/** What a person says of an alarm; tells what came of it. */
export function judged(alarm: Alarm, what: Judgement, body?: Readonly<Record<string, unknown>>): Promise<boolean> {
  return act(() => api.post(`/alarms/${encodeURIComponent(alarm.id)}/${what}`, body ?? {}), t(`alarm.done.${what}`, { place: alarmPlace(alarm) }));
}

/** A coded reason and what was added, as the API takes them. */
export const because = (reason: string | null, text: string): Record<string, string> => ({ ...(reason ? { reason } : {}), ...(text.trim() ? { text: text.trim() } : {}) });

/** Whether enough is said: `other` asks for words. */
export const said = (reason: string | null, text: string): boolean => reason !== 'other' || text.trim() !== '';
