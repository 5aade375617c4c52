import type { FeatureCollection } from 'geojson';
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { BaseMap } from './base';
import type { Colours } from './colours';

export const font = ['Pretendard Variable'];
/** Pixels a metre takes at zoom 0 and 37 degrees north, where a tile is 512 pixels wide. */
const metresPerPixel = 62_500;

/** A line as wide as the road itself (`width_m`, else `metres`), but never thinner than `least` pixels. */
function wide(metres: number, least: number): ExpressionSpecification {
  const at = (zoom: number): ExpressionSpecification => ['max', least, ['*', ['coalesce', ['get', 'width_m'], metres], 2 ** zoom / metresPerPixel]];
  return ['interpolate', ['exponential', 2], ['zoom'], 10, at(10), 13, at(13), 20, at(20)];
}

const isClass = (name: string): ExpressionSpecification => ['==', ['coalesce', ['get', 'class'], ''], name];
const nothing: FeatureCollection = { type: 'FeatureCollection', features: [] };

/** Layers with many small shapes; they come once the rest stands, so that the streets never wait for them. */
export const heavyLayers = ['building', 'market'] as const;

/** The city's own base map: nothing in it comes from outside. */
export function baseStyle(base: BaseMap, c: Colours, heavy: boolean): StyleSpecification {
  const sources: StyleSpecification['sources'] = {};
  for (const name of ['boundary', 'road', 'rail', 'ground', 'building', 'water', 'park', 'market', 'label']) {
    const late = !heavy && heavyLayers.some((one) => one === name);
    sources[`base-${name}`] = { type: 'geojson', data: late ? nothing : (base.layers[name] ?? nothing), maxzoom: 16, tolerance: 0.3 };
  }
  return { version: 8, sources, layers: [...ground(c), ...streets(c), ...built(c)] };
}

function ground(c: Colours): LayerSpecification[] {
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': c.ground } },
    { id: 'park', type: 'fill', source: 'base-park', paint: { 'fill-color': c.park } },
    { id: 'open', type: 'fill', source: 'base-ground', paint: { 'fill-color': ['match', ['coalesce', ['get', 'class'], ''], 'pitch', c.park, c.lane], 'fill-opacity': 0.6 } },
    { id: 'water', type: 'fill', source: 'base-water', filter: ['!=', ['geometry-type'], 'LineString'], paint: { 'fill-color': c.water } },
    { id: 'water-line', type: 'line', source: 'base-water', filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': c.water, 'line-width': wide(12, 1) } },
  ];
}

function streets(c: Colours): LayerSpecification[] {
  const road = (id: string, name: string, metres: number, least: number, colour: string): LayerSpecification => ({
    id, type: 'line', source: 'base-road', filter: isClass(name), layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': colour, 'line-width': wide(metres, least) },
  });
  return [
    { ...road('lane', 'lane', 5, 0.4, c.lane), minzoom: 12.5 } as LayerSpecification,
    road('street', 'street', 10, 0.7, c.lane),
    road('main', 'main', 22, 1.2, c.road),
    { id: 'rail', type: 'line', source: 'base-rail', paint: { 'line-color': c.boundary, 'line-width': 2, 'line-dasharray': [4, 2] } },
  ];
}

function built(c: Colours): LayerSpecification[] {
  const stall = isClass('stall');
  return [
    { id: 'building', type: 'fill', source: 'base-building', minzoom: 14, paint: { 'fill-color': c.building, 'fill-opacity': ['interpolate', ['linear'], ['zoom'], 14, 0.5, 15.5, 1] } },
    { id: 'building-line', type: 'line', source: 'base-building', minzoom: 15.5, paint: { 'line-color': c.buildingLine, 'line-width': 0.8 } },
    { id: 'stall', type: 'fill', source: 'base-market', minzoom: 15, filter: stall, paint: { 'fill-color': c.building, 'fill-outline-color': c.lineStrong } },
    { id: 'hall', type: 'line', source: 'base-market', minzoom: 15, filter: isClass('hall'), paint: { 'line-color': c.text3, 'line-width': 1 } },
    { id: 'market', type: 'line', source: 'base-market', minzoom: 13, filter: ['all', ['!', stall], ['!', isClass('hall')]], paint: { 'line-color': c.text3, 'line-width': 1, 'line-opacity': 0.6 } },
    { id: 'boundary', type: 'line', source: 'base-boundary', filter: ['!=', ['get', 'level'], 'city'], paint: { 'line-color': c.boundary, 'line-width': 1, 'line-dasharray': [3, 3] } },
    { id: 'boundary-city', type: 'line', source: 'base-boundary', filter: ['==', ['get', 'level'], 'city'], paint: { 'line-color': c.boundary, 'line-width': 1.5 } },
  ];
}

/** The names on the base map; they are added once their letters can be drawn. */
export function nameLayers(c: Colours): LayerSpecification[] {
  const paint = { 'text-color': c.label, 'text-halo-color': c.halo, 'text-halo-width': 1.5 };
  const text = (size: number): NonNullable<Extract<LayerSpecification, { type: 'symbol' }>['layout']> => ({ 'text-field': ['coalesce', ['get', 'name'], ''], 'text-font': font, 'text-size': size });
  const one = (id: string, classes: readonly string[], minzoom: number, size: number, colour: string, maxzoom = 24): LayerSpecification => ({
    id: `label-${id}`, type: 'symbol', source: 'base-label', minzoom, maxzoom, filter: ['in', ['coalesce', ['get', 'class'], ''], ['literal', [...classes]]], layout: { ...text(size), 'text-padding': 6 }, paint: { ...paint, 'text-color': colour },
  });
  const known = ['dong', 'park', 'hill', 'river', 'hall'];
  return [
    { id: 'label-road', type: 'symbol', source: 'base-road', minzoom: 15, layout: { ...text(11), 'symbol-placement': 'line', 'symbol-spacing': 420, 'text-letter-spacing': 0.1, 'text-max-angle': 30 }, paint: { ...paint, 'text-color': c.text3 } },
    { id: 'label-stall', type: 'symbol', source: 'base-market', minzoom: 18.2, filter: isClass('stall'), layout: text(10), paint: { ...paint, 'text-color': c.text3, 'text-halo-width': 0 } },
    one('river', ['river'], 12, 13, c.waterText),
    one('green', ['park', 'hill'], 15, 11, c.text3),
    one('hall', ['hall'], 16, 12, c.label),
    one('dong', ['dong'], 10, 12, c.text3, 15),
    { id: 'label-place', type: 'symbol', source: 'base-label', minzoom: 14, filter: ['!', ['in', ['coalesce', ['get', 'class'], ''], ['literal', known]]], layout: { ...text(12), 'text-padding': 6 }, paint },
  ];
}
