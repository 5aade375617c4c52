import type { Screen } from '../../../../../console/src/lib/screens';

/** The service's screens; the frame collects them without knowing the service. */
export const screens: readonly Screen[] = [
  { path: 'market-fire', label: 'market_fire.menu', icon: 'building-store', area: 'service', permission: 'market_fire.read', load: () => import('./Markets.svelte') },
  { path: 'market-fire-learning', label: 'market_fire.learning.menu', icon: 'book-2', area: 'service', permission: 'market_fire.learn', load: () => import('./learning/Learning.svelte') },
];
