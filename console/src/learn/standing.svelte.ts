import { api } from '../lib/api';
import { Resource } from '../lib/resource.svelte';
import type { Standing } from './types';

/** What is not closed yet: one for the top bar and the tabs. */
export const standing = new Resource<Standing>((signal) => api.get<Standing>('/findings/summary', undefined, signal));
