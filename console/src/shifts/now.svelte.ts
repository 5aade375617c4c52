import { api } from '../lib/api';
import { Resource } from '../lib/resource.svelte';
import type { Now } from './types';

/** Who is on duty now, what is missing and what is owed: the top bar and the first part of the screen show the same. */
export const onDuty = new Resource<Now>((signal) => api.get<Now>('/shifts/now', {}, signal));
