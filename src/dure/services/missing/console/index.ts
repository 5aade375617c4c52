import type { Screen } from '../../../../../console/src/lib/screens';

/** The service's screens; the frame collects them without knowing the service. */
export const screens: readonly Screen[] = [
  { path: 'missing', label: 'missing.menu', icon: 'users', area: 'service', permission: 'missing.read', rooms: ['missing_person'], load: () => import('./Missing.svelte') },
];
