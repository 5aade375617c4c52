import type { FeatureCollection } from 'geojson';
import type { GeoJSONSource, LayerSpecification, Map as MapLibre } from 'maplibre-gl';
import { api } from '../lib/api';
import type { Colours } from './colours';
import { collection } from './geo';
import { font } from './style';

/** Layers of many points: WebGL circles and symbols, clustered where they would lie on each other. */
export const pointLayers = ['cameras', 'devices', 'hydrants', 'fire_stations', 'police_stations', 'schools', 'clinics', 'bus_stops', 'bells', 'shelters'] as const;
export type PointLayer = (typeof pointLayers)[number];

const clusteredBelow = 14;
const symbolsFrom = 15;
const kept = new Map<PointLayer, Promise<FeatureCollection>>();

/** Reads a layer's points, once until `forget`. */
export function points(layer: PointLayer): Promise<FeatureCollection> {
  let reading = kept.get(layer);
  if (!reading) {
    reading = api.get<FeatureCollection>('/map/points', { layer }).catch((error: unknown) => {
      kept.delete(layer);
      throw error;
    });
    kept.set(layer, reading);
  }
  return reading;
}

export function forget(layer: PointLayer): void {
  kept.delete(layer);
}

/** The layers that stand first; the others are one step away. */
export const firstLayers: readonly PointLayer[] = pointLayers.slice(0, 3);

const images: Partial<Record<PointLayer, unknown>> = {
  cameras: ['case', ['in', ['get', 'state'], ['literal', ['broken', 'off']]], 'camera-bad', ['!=', ['typeof', ['get', 'az']], 'number'], 'camera-blind', 'camera'],
  devices: ['case', ['all', ['has', 'fault'], ['!=', ['get', 'fault'], null]], 'device-fault', 'device'],
  hydrants: 'hydrant',
};

/** Adds an empty layer of points below whatever comes later; `fill` puts the points in. */
export function addPoints(map: MapLibre, layer: PointLayer, c: Colours): void {
  const source = `points-${layer}`;
  map.addSource(source, { type: 'geojson', data: collection([]), cluster: true, clusterMaxZoom: clusteredBelow - 1, clusterRadius: 64 });
  const layers: LayerSpecification[] = [
    {
      id: `${source}-cluster`, type: 'circle', source, filter: ['has', 'point_count'],
      paint: { 'circle-color': c.surface, 'circle-opacity': 0.85, 'circle-stroke-color': c.lineStrong, 'circle-stroke-width': 1, 'circle-radius': ['interpolate', ['linear'], ['sqrt', ['get', 'point_count']], 1, 7, 10, 13, 60, 22] },
    },
    { id: `${source}-count`, type: 'symbol', source, filter: ['has', 'point_count'], layout: { 'text-field': ['get', 'point_count_abbreviated'], 'text-font': font, 'text-size': 11, 'text-allow-overlap': true }, paint: { 'text-color': c.text3 } },
    { id: `${source}-dot`, type: 'circle', source, filter: ['!', ['has', 'point_count']], maxzoom: symbolsFrom, paint: { 'circle-color': c.text3, 'circle-radius': 2.5, 'circle-stroke-color': c.halo, 'circle-stroke-width': 1 } },
    {
      id: `${source}-symbol`, type: 'symbol', source, filter: ['!', ['has', 'point_count']], minzoom: symbolsFrom,
      layout: { 'icon-image': (images[layer] ?? 'place') as string, 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'icon-rotation-alignment': 'map', 'icon-rotate': layer === 'cameras' ? ['coalesce', ['get', 'az'], 0] : 0, 'icon-size': ['interpolate', ['linear'], ['zoom'], 15, 0.7, 18, 1.1],
        ...(firstLayers.includes(layer) ? {} : { 'text-field': ['coalesce', ['get', 'name'], ''], 'text-font': font, 'text-size': 11, 'text-optional': true, 'text-anchor': 'left', 'text-offset': [0.6, 0] }),
      },
      paint: { 'text-color': c.text2, 'text-halo-color': c.halo, 'text-halo-width': 1.4 },
    },
  ];
  for (const one of layers) map.addLayer(one);
}

/** Where there are very many points, they stay clustered until a street fills the screen: else tens of thousands are drawn in each frame. */
const many = 10_000;
const manyClusteredBelow = 16;

export function fillPoints(map: MapLibre, layer: PointLayer, data: FeatureCollection): void {
  const source = map.getSource(`points-${layer}`) as GeoJSONSource | undefined;
  if (data.features.length > many) source?.setClusterOptions({ cluster: true, clusterMaxZoom: manyClusteredBelow - 1, clusterRadius: 64 });
  source?.setData(data);
}

export function showPoints(map: MapLibre, layer: PointLayer, on: boolean): void {
  for (const part of ['cluster', 'count', 'dot', 'symbol']) {
    const id = `points-${layer}-${part}`;
    if (map.getLayer(id)) map.setLayoutProperty(id, 'visibility', on ? 'visible' : 'none');
  }
}

/** The point under the pointer, if any. */
export function pointAt(map: MapLibre, at: { x: number; y: number }): { layer: PointLayer; id: string } | null {
  const reach = 5;
  const present = pointLayers.flatMap((layer) => [`points-${layer}-dot`, `points-${layer}-symbol`]).filter((id) => map.getLayer(id));
  const found = map.queryRenderedFeatures([[at.x - reach, at.y - reach], [at.x + reach, at.y + reach]], { layers: present })[0];
  const layer = pointLayers.find((one) => found?.source === `points-${one}`);
  return found && layer ? { layer, id: String(found.properties['id']) } : null;
}
