import type { FeatureCollection, Geometry } from 'geojson';
import { api } from '../lib/api';
import { boundsOf } from './geo';

/** The city's own map, by layer: boundary, road, rail, building, water, park, market, label. */
export interface BaseMap {
  readonly layers: Readonly<Record<string, FeatureCollection>>;
  readonly bounds: readonly [number, number, number, number] | null;
  readonly asOf: string | null;
}

interface Answer {
  readonly layers?: Readonly<Record<string, FeatureCollection>>;
  readonly bounds?: readonly [number, number, number, number] | null;
  readonly as_of?: string | null;
}

let reading: Promise<BaseMap> | null = null;
let filling: Promise<BaseMap> | null = null;
let fonts: Promise<void> = Promise.resolve();

/** When the letters of the base map's names can be drawn; names come then, streets before. */
export const namesReady = (): Promise<void> => fonts;

/** Reads the base map once for all maps of this tab. */
export function baseMap(): Promise<BaseMap> {
  reading ??= read().catch((error: unknown) => {
    reading = null;
    throw error;
  });
  return reading;
}

/** The same map with its buildings and stalls, which are most of it and come after the streets. */
export function builtMap(): Promise<BaseMap> {
  filling ??= fill().catch((error: unknown) => {
    filling = null;
    throw error;
  });
  return filling;
}

async function fill(): Promise<BaseMap> {
  const base = await baseMap();
  const answer = await api.get<Answer>('/map/base', { part: 'buildings' });
  return { ...base, layers: { ...base.layers, ...answer.layers } };
}

async function read(): Promise<BaseMap> {
  const answer = await api.get<Answer>('/map/base', { part: 'ground' });
  const layers = answer.layers ?? {};
  const base = { layers, bounds: answer.bounds ?? boundsOf(shapesOf(layers)), asOf: answer.as_of ?? null };
  fonts = fontsFor(base);
  return base;
}

function shapesOf(layers: Readonly<Record<string, FeatureCollection>>): Geometry[] {
  const shapes = (name: string): Geometry[] => layers[name]?.features.map((feature) => feature.geometry) ?? [];
  const city = shapes('boundary');
  return city.length > 0 ? city : shapes('road');
}

/** Glyphs are drawn on a canvas, which does not wait for fonts: the subsets that the names need are fetched first. */
async function fontsFor(base: BaseMap): Promise<void> {
  const letters = new Set('0123456789');
  for (const name of ['road', 'water', 'park', 'label', 'boundary', 'market']) {
    for (const feature of base.layers[name]?.features ?? []) for (const letter of String(feature.properties?.['name'] ?? '')) letters.add(letter);
  }
  await loadLetters([...letters].join(''));
}

/** Makes sure that the letters of some labels can be drawn on the map. */
export async function loadLetters(text: string): Promise<void> {
  await document.fonts.load('400 16px "Pretendard Variable"', text).catch(() => undefined);
}
