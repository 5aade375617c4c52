import type { Component } from 'svelte';
import type { IncidentDetail } from './types';

/** What a service shows in the room of its kind of incident; it reads for itself whether there is anything to show. */
export interface RoomPanel {
  /** Types of incident. */
  readonly types: readonly string[];
  readonly permission: string;
  readonly load: () => Promise<{ default: Component<{ incident: IncidentDetail }> }>;
}

const services = import.meta.glob<{ panels?: readonly RoomPanel[] }>('../../../src/dure/services/*/console/index.ts', { eager: true });

export const panels: readonly RoomPanel[] = Object.values(services).flatMap((service) => service.panels ?? []);
