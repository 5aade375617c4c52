/** Reading one of our own CAP alerts back into what its form holds (OASIS CAP 1.2), to write the next one of its chain. */
import type { LonLat } from '../map/geo';

const NS = 'urn:oasis:names:tc:emergency:cap:1.2';

export interface Told {
  readonly event: string;
  readonly headline: string;
  readonly description: string;
}

export interface AlertWords {
  readonly category: string;
  readonly severity: string;
  readonly urgency: string;
  readonly certainty: string;
  readonly area: string;
  readonly code: string;
  readonly ring: readonly LonLat[];
  readonly told: { readonly ko: Told; readonly en: Told };
}

function first(from: Element | undefined, name: string): string {
  return from?.getElementsByTagNameNS(NS, name)[0]?.textContent?.trim() ?? '';
}

/** The corners of a CAP polygon ("lat,lon lat,lon ..."), without the last, which repeats the first. */
export function ringOf(polygon: string): LonLat[] {
  const corners = polygon.split(/\s+/).filter(Boolean).map((pair) => pair.split(',').map(Number));
  const ring = corners.map(([lat = 0, lon = 0]): LonLat => [lon, lat]);
  return ring.slice(0, -1);
}

/** A ring as the API takes it: closed. Nothing for fewer than three corners. */
export function closed(ring: readonly LonLat[]): LonLat[] {
  return ring.length < 3 ? [] : [...ring, ring[0] as LonLat];
}

/** What a signed alert says. */
export function wordsOf(xml: string): AlertWords {
  const root = new DOMParser().parseFromString(xml, 'application/xml').documentElement;
  const infos = [...root.getElementsByTagNameNS(NS, 'info')];
  const told = (language: string): Told => {
    const info = infos.find((one) => first(one, 'language').startsWith(language));
    return { event: first(info, 'event'), headline: first(info, 'headline'), description: first(info, 'description') };
  };
  const info = infos[0];
  const area = info?.getElementsByTagNameNS(NS, 'area')[0];
  const code = area?.getElementsByTagNameNS(NS, 'geocode')[0];
  return {
    category: first(info, 'category'),
    severity: first(info, 'severity'),
    urgency: first(info, 'urgency'),
    certainty: first(info, 'certainty'),
    area: first(area, 'areaDesc'),
    code: first(code, 'value'),
    ring: ringOf(first(area, 'polygon')),
    told: { ko: told('ko'), en: told('en') },
  };
}
