import type { RoomPanel } from '../../../../../console/src/lib/panels';
import type { Screen } from '../../../../../console/src/lib/screens';

/** The service's screens; the frame collects them without knowing the service. */
export const screens: readonly Screen[] = [
  { path: 'market-fire', label: 'market_fire.menu', icon: 'building-store', area: 'service', permission: 'market_fire.read', load: () => import('./Markets.svelte') },
  { path: 'fire-sheet', label: 'market_fire.sheet.title', icon: 'file-text', area: 'hidden', permission: 'market_fire.sheet', rooms: ['market_fire'], load: () => import('./plan/Sheet.svelte') },
  { path: 'market-fire-learning', label: 'market_fire.learning.menu', icon: 'book-2', area: 'service', permission: 'market_fire.learn', load: () => import('./learning/Learning.svelte') },
  { path: 'fire-works', label: 'market_fire.announce.title', icon: 'clock', area: 'service', permission: 'market_fire.announced', load: () => import('./staged/Announcements.svelte') },
];

/** What it shows in the room of a market's fire. */
export const panels: readonly RoomPanel[] = [
  { types: ['market_fire'], permission: 'market_fire.stages', load: () => import('./staged/StagePanel.svelte') },
];
