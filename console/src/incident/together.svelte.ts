import { api } from '../lib/api';
import { say, t } from '../lib/i18n.svelte';
import { Resource } from '../lib/resource.svelte';
import { act } from '../lib/toasts.svelte';
import type { IncidentRole, Task, TaskAct } from '../lib/types';

const at = (id: string, rest: string): string => `/incidents/${encodeURIComponent(id)}/${rest}`;
const one = (task: Task, what: string): string => at(task.incident_id, `tasks/${encodeURIComponent(task.id)}/${what}`);

/** Of whom a task is asked: exactly one of the three. */
export interface Of {
  readonly role?: string;
  readonly agency?: string;
  readonly person?: string;
}

/** Whom a task or a role may go to. */
export interface Room {
  readonly people: readonly { readonly actor: string; readonly name: string; readonly agency: string | null; readonly control: boolean }[];
  readonly agencies: readonly { readonly id: string; readonly name: string; readonly name_en: string }[];
  readonly roles: readonly string[];
}

export const peopleOf = (id: string): Resource<Room> => new Resource<Room>((signal) => api.get<Room>(at(id, 'people'), undefined, signal));

/** `role:lead`, `agency:fire`, `person:account:…` as a form holds it. */
export function ofChoice(choice: string): Of {
  const [kind, ...rest] = choice.split(':');
  return { [kind as 'role']: rest.join(':') };
}

export const roleName = (role: string): string => say(`room.role.${role}`, {}, role);

/** Whom it is asked of, in words. */
export function holderOf(task: Task): string {
  return task.person_name ?? task.agency_name ?? task.holder ?? (task.role ? roleName(task.role) : '');
}

const undoable: readonly TaskAct[] = ['take', 'give_back', 'hand_on', 'cancel', 'done'];

/** What people do to tasks. Each carries the version that was on the screen, so that nobody overrules what they have not seen. */
function doing(task: Task, what: TaskAct, body: Readonly<Record<string, unknown>>): Promise<boolean> {
  const undo = undoable.includes(what) && !(task.from === 'manual' && (what === 'done' || what === 'cancel'));
  return act(
    () => api.post(one(task, what.replace('_', '-')), body, task.version),
    t(`tasks.told.${what}` as 'tasks.told.take'),
    undo ? () => api.post(one(task, 'undo'), {}) : undefined,
  );
}

export const together = {
  ask: (id: string, text: string, of: Of, due_at: string | null, decision_id: string | null): Promise<boolean> =>
    act(() => api.post(at(id, 'tasks'), { text, ...of, due_at, decision_id }), t('tasks.told.asked')),
  take: (task: Task): Promise<boolean> => doing(task, 'take', {}),
  done: (task: Task, result: string): Promise<boolean> => doing(task, 'done', { result }),
  giveBack: (task: Task, reason: string): Promise<boolean> => doing(task, 'give_back', { reason }),
  handOn: (task: Task, of: Of, reason: string): Promise<boolean> => doing(task, 'hand_on', { ...of, reason }),
  cancel: (task: Task, reason: string): Promise<boolean> => doing(task, 'cancel', { reason }),
  role: (id: string, role: IncidentRole, person: string | null, instead_of: string | null): Promise<boolean> =>
    act(() => api.post(at(id, 'roles'), { role, person, instead_of }), t('room.roleGiven', { role: roleName(role) })),
  endRole: (id: string, held: string): Promise<boolean> => act(() => api.post(at(id, `roles/${encodeURIComponent(held)}/end`), {}), t('room.roleEnded')),
  decide: (id: string, form: Readonly<Record<string, unknown>>): Promise<boolean> => act(() => api.post(at(id, 'decisions'), form), t('decisions.told')),
  correctNote: (id: string, entry: string, text: string): Promise<boolean> =>
    act(() => api.post(at(id, 'notes'), { text, corrects: Number(entry) }), t('timeline.corrected')),
  attach: (id: string, file: File, about: string, persons: boolean): Promise<boolean> => {
    const form = new FormData();
    form.set('file', file);
    form.set('about', about);
    form.set('persons', String(persons));
    return act(() => api.post(`/attachments/${encodeURIComponent(id)}`, form), t('files.told'));
  },
  removeFile: (id: string, file: string, reason: string): Promise<boolean> =>
    act(() => api.post(`/attachments/${encodeURIComponent(id)}/${encodeURIComponent(file)}/remove`, { reason }), t('files.removedTold')),
  openFile: (id: string, file: string, purpose: string | null, save: boolean): Promise<Blob> =>
    api.file(`/attachments/${encodeURIComponent(id)}/${encodeURIComponent(file)}/open`, { purpose, save }),
};
