import { href } from '../lib/router.svelte';
import type { SearchHit } from '../lib/types';
import type { IconName } from '../lib/icons';

export interface Choice {
  readonly group: 'palette.found' | 'palette.go' | 'palette.do';
  readonly icon: string;
  readonly label: string;
  readonly detail: string;
  readonly run: () => void;
}

const icons: Record<string, IconName> = { incident: 'urgent', camera: 'device-cctv', device: 'cpu', stall: 'building-store', market: 'building-store', hydrant: 'fire-hydrant', alarm: 'alarm' };

export function iconOf(kind: string): IconName {
  return icons[kind] ?? 'map-pin';
}

/** Where a found thing is shown: its own screen, or its place on the map. */
export function addressOf(hit: SearchHit): string {
  if (hit.entity === 'incident') return href(`incidents/${encodeURIComponent(hit.id)}`);
  if (hit.entity === 'alarm') return href('alarms', { id: hit.id });
  if (hit.entity === 'camera') return href(`assets/cameras/${encodeURIComponent(hit.id)}`);
  if (hit.entity === 'device') return href(`assets/devices/${encodeURIComponent(hit.id)}`);
  return hit.lon != null && hit.lat != null ? href('board', { at: `${hit.lon},${hit.lat}` }) : href('board');
}
