import { api } from '../lib/api';
import { t } from '../lib/i18n.svelte';
import { shortNo } from '../lib/names';
import { act } from '../lib/toasts.svelte';
import type { Incident } from '../lib/types';

const path = (incident: { readonly id: string }, rest: string): string => `/incidents/${encodeURIComponent(incident.id)}/${rest}`;
const no = (incident: Incident): { no: string } => ({ no: shortNo(incident.receipt_no) });

/** What people do to an incident. Each says what came of it; where undoing is real, it is offered. */
export const acts = {
  acknowledge: (incident: Incident): Promise<boolean> => act(() => api.post(path(incident, 'acknowledge'), {}), t('incident.done.acknowledge', no(incident))),
  note: (incident: Incident, text: string): Promise<boolean> => act(() => api.post(path(incident, 'notes'), { text }), null),
  handoff: (incident: Incident, agency: string, kind: string, note: string): Promise<boolean> =>
    act(() => api.post(path(incident, 'handoffs'), { agency, kind, note }), t('incident.done.handoff', no(incident))),
  answer: (incident: Incident, handoff: string): Promise<boolean> => act(() => api.post(path(incident, `handoffs/${encodeURIComponent(handoff)}/acknowledge`), {}), t('incident.done.answer')),
  close: (incident: Incident, outcome: string, reason: string): Promise<boolean> =>
    act(() => api.post(path(incident, 'close'), { outcome, reason }), t('incident.done.close', no(incident)), () => api.post(path(incident, 'reopen'), { reason: t('incident.reopenByUndo') })),
  reopen: (incident: Incident, reason: string): Promise<boolean> => act(() => api.post(path(incident, 'reopen'), { reason }), t('incident.done.reopen', no(incident))),
  severity: (incident: Incident, severity: string, reason: string): Promise<boolean> =>
    act(() => api.post(path(incident, 'severity'), { severity, reason }, incident.version), t('incident.done.severity')),
  chooseCameras: (incident: Incident): Promise<boolean> => act(() => api.post(path(incident, 'cameras'), {}), t('incident.done.cameras')),
  merge: (incident: Incident, into: { readonly id: string; readonly receipt_no: string }): Promise<boolean> =>
    act(() => api.post(path(incident, 'merge'), { into: into.id }), t('incident.done.merge', { no: shortNo(into.receipt_no) }), () => api.post(path(incident, 'unmerge'), {})),
  unmerge: (incident: { readonly id: string; readonly receipt_no: string }): Promise<boolean> => act(() => api.post(path(incident, 'unmerge'), {}), t('incident.done.unmerge', { no: shortNo(incident.receipt_no) })),
  split: async (incident: Incident, alarm: { readonly id: string }, into: 'new' | 'none', reason: string): Promise<boolean> => {
    const one = `alarms/${encodeURIComponent(alarm.id)}`;
    let made: Incident | null = null;
    const undo = (): Promise<unknown> => (made ? api.post(path(made, 'merge'), { into: incident.id }) : api.post(path(incident, `${one}/join`), {}));
    return act(
      async () => {
        const answer = await api.post<Incident>(path(incident, `${one}/split`), { reason, into });
        if (answer.id !== incident.id) made = answer;
      },
      t(`incident.done.split.${into}`),
      undo,
    );
  },
};
