import type { Screen } from './lib/screens';
import { live } from './lib/live/live.svelte';
import { waiting } from './video/waiting.svelte';

/** The map is most of the board's code: it is fetched beside the rest, not after it. */
const board = (): ReturnType<Screen['load']> => {
  void import('./board/BoardMap.svelte').catch(() => undefined);
  return import('./board/Board.svelte');
};

const own: readonly Screen[] = [
  { path: 'board', label: 'nav.board', icon: 'layout-dashboard', area: 'main', permission: 'incident.read', key: 'b', load: board },
  {
    path: 'incidents', label: 'nav.incidents', icon: 'urgent', area: 'main', permission: 'incident.read', key: 'i', count: () => (live.ready ? live.open.length : null),
    load: () => import('./incidents/Incidents.svelte'),
  },
  {
    path: 'alarms', label: 'nav.alarms', icon: 'alarm', area: 'main', permission: 'alarm.read', key: 'a',
    count: () => (live.ready ? live.alarms.filter((a) => a.open && a.stage === 'pre_alarm').length : null),
    load: () => import('./alarms/Alarms.svelte'),
  },
  { path: 'operations', label: 'nav.operations', icon: 'stack-2', area: 'main', permission: 'operation.read', key: 'o', load: () => import('./operations/Operations.svelte') },
  { path: 'tasks', label: 'nav.tasks', icon: 'list-check', area: 'main', permission: 'incident.read', key: 't', load: () => import('./tasks/Tasks.svelte') },
  { path: 'video', label: 'nav.video', icon: 'video', area: 'main', permission: ['video.watch', 'video.tickets', 'disclosure.read'], key: 'v', count: () => (live.ready ? waiting.n || null : null), load: () => import('./video/Video.svelte') },
  { path: 'past', label: 'footage.title', icon: 'history', area: 'hidden', permission: 'video.footage', load: () => import('./video/past/Past.svelte') },
  { path: 'assets', label: 'nav.assets', icon: 'map-pin', area: 'main', permission: 'device.read', key: 'c', load: () => import('./assets/Assets.svelte') },
  { path: 'rules', label: 'nav.rules', icon: 'adjustments', area: 'main', permission: 'rule.read', key: 'r', load: () => import('./rules/Rules.svelte') },
  { path: 'notices', label: 'nav.notices', icon: 'send', area: 'main', permission: ['notice.read', 'warning.read'], key: 'n', load: () => import('./notices/Notices.svelte') },
  { path: 'shifts', label: 'nav.shifts', icon: 'clock', area: 'main', permission: ['roster.read', 'shift.read'], key: 's', load: () => import('./shifts/Shifts.svelte') },
  { path: 'people', label: 'nav.people', icon: 'users', area: 'main', permission: ['person.read', 'destruction.read'], key: 'p', load: () => import('./people/People.svelte') },
  { path: 'privacy', label: 'nav.privacy', icon: 'shield-check', area: 'bottom', permission: 'purpose.read', key: 'y', load: () => import('./privacy/Privacy.svelte') },
  { path: 'mydata', label: 'nav.mydata', icon: 'shield-check', area: 'main', permission: 'rights.own', key: 'd', load: () => import('./privacy/Own.svelte') },
  { path: 'playbooks', label: 'nav.learn', icon: 'book-2', area: 'bottom', permission: 'playbook.read', key: 'l', load: () => import('./playbooks/Learn.svelte') },
  { path: 'admin', label: 'nav.admin', icon: 'settings', area: 'bottom', permission: 'system.read', key: 'm', load: () => import('./admin/Admin.svelte') },
];

const services = import.meta.glob<{ screens?: readonly Screen[] }>('../../src/dure/services/*/console/index.ts', { eager: true });

export const screens: readonly Screen[] = [...own, ...Object.values(services).flatMap((service) => service.screens ?? [])];
