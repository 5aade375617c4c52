import { api } from '../lib/api';
import { Resource } from '../lib/resource.svelte';
import type { Severity, Task } from '../lib/types';

export type Whose = 'mine' | 'open';

/** A task in a list over incidents, with the incident that it belongs to. */
export interface MyTask extends Task {
  readonly incident: {
    readonly id: string;
    readonly receipt_no: string;
    readonly type: string;
    /** A key of the catalogue. */
    readonly title: string;
    readonly severity: Severity;
    readonly name: string | null;
    readonly address: string | null;
  };
}

/** What waits, the nearest deadline first. */
export const tasksOf = (whose: Whose): Resource<readonly MyTask[]> => new Resource(() => api.all<MyTask>('/tasks', { whose }, 1000));
