import { api } from '../lib/api';
import { Resource } from '../lib/resource.svelte';
import type { Owed } from './types';

/** Past months whose review is not finished: the top bar shows them until they are, whatever screen is open. */
export const owed = new Resource<readonly Owed[]>(async (signal) => (await api.get<{ items: Owed[] }>('/audit/reviews/owed', {}, signal)).items);
