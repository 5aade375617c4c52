import type { Severity } from '../lib/types';

/** The map's colours, read from tokens.css, so that map and screens never differ. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: of('map-ground'), building: of('map-building'), buildingLine: of('map-building-line'), road: of('map-road'), lane: of('map-lane'),
    water: of('map-water'), waterText: of('map-water-text'), park: of('map-park'), halo: of('map-halo'), label: of('map-label'), boundary: of('map-boundary'),
    text: of('text'), text2: of('text-2'), text3: of('text-3'), accent: of('accent'), onAccent: of('on-accent'), surface: of('surface'), lineStrong: of('line-strong'),
    critical: of('critical'), serious: of('serious'), watch: of('watch'), notice: of('notice'),
  };
}

export type Colours = ReturnType<typeof colours>;

export const severityColour = (c: Colours, severity: Severity): string => c[severity];
