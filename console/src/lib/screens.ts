import type { Component } from 'svelte';

export interface ScreenProps {
  readonly rest: readonly string[];
}

/**
 * A screen of the frame. Services export theirs from `services/<name>/console/index.ts` as `screens: Screen[]`;
 * the frame collects them without knowing the service.
 */
export interface Screen {
  /** The first part of the address: `board` is `#/board`. */
  readonly path: string;
  /** A key of the catalogue. */
  readonly label: string;
  /** A name of lib/icons, or SVG text. */
  readonly icon: string;
  readonly area: 'main' | 'service' | 'bottom' | 'hidden';
  /** Without this permission, or any of these, the screen is not offered. */
  readonly permission?: string | readonly string[];
  /** The second key of the go-to chord: `b` is G, then B. */
  readonly key?: string;
  /** The types of incident from whose room the screen is offered, with the incident's id behind its path. */
  readonly rooms?: readonly string[];
  /** A count that stands beside the label. */
  readonly count?: () => number | null;
  /** Stands for whoever has the link, without an account and without the frame. */
  readonly open?: boolean;
  /** The parts of the address after the screen's own come as `rest`, where the screen takes them. */
  readonly load: () => Promise<{ default: Component<ScreenProps> | Component<Record<string, never>> }>;
}
