import type { Screen } from '../../../../../console/src/lib/screens';

/** The service's screens; the frame collects them without knowing the service. */
export const screens: readonly Screen[] = [
  { path: 'market-fire', label: 'market_fire.menu', icon: 'building-store', area: 'service', permission: 'market_fire.read', load: () => import('./Markets.svelte') },
];
