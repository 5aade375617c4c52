import type { Screen } from '../../../../../console/src/lib/screens';

/** The service's screens; the frame collects them without knowing the service. */
export const screens: readonly Screen[] = [
  { path: 'epidemic', label: 'epidemic.menu', icon: 'virus', area: 'service', permission: 'epidemic.situation', load: () => import('./Epidemic.svelte') },
  { path: 'statutory', label: 'epidemic.part.statutory', icon: 'virus', area: 'service', permission: 'epidemic.told', load: () => import('./Statutory.svelte') },
  { path: 'selfcheck', label: 'epidemic.check.title', icon: 'virus', area: 'hidden', open: true, load: () => import('./SelfCheck.svelte') },
];
