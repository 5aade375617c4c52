import type { FeatureCollection } from 'geojson';
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { BaseMap } from './base';
import type { Colours } from './colours';

export const font = ['Pretendard Variable'];
/** Pixels a metre takes at zoom 0 and 37 degrees north, where a tile is 512 pixels wide. */
const metresPerPixel = 62_500;

/** A line as wide as the road itself, but never thinner than `least` pixels. */
function wide(metres: number, least: number): ExpressionSpecification {
  const at = (zoom: number): number => Math.max(least, (metres * 2 ** zoom) / metresPerPixel);
  return ['interpolate', ['exponential', 2], ['zoom'], 10, least, 13, at(13), 20, at(20)];
}

const isClass = (name: string): ExpressionSpecification => ['==', ['coalesce', ['get', 'class'], ''], name];
const nothing: FeatureCollection = { type: 'FeatureCollection', features: [] };

/** The city's own base map: nothing in it comes from outside. */
export function baseStyle(base: BaseMap, c: Colours): StyleSpecification {
  const sources: StyleSpecification['sources'] = {};
  for (const [name, data] of Object.entries(base.layers)) sources[`base-${name}`] = { type: 'geojson', data, maxzoom: 16, tolerance: 0.3 };
  for (const name of ['boundary', 'road', 'rail', 'building', 'water', 'park', 'market', 'label']) sources[`base-${name}`] ??= { type: 'geojson', data: nothing };
  return { version: 8, sources, layers: [...ground(c), ...streets(c), ...built(c), ...labels(c)] };
}

function ground(c: Colours): LayerSpecification[] {
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': c.ground } },
    { id: 'park', type: 'fill', source: 'base-park', paint: { 'fill-color': c.park } },
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
  return [
    { id: 'building', type: 'fill', source: 'base-building', minzoom: 13, paint: { 'fill-color': c.building, 'fill-opacity': ['interpolate', ['linear'], ['zoom'], 13, 0.4, 15, 1] } },
    { id: 'building-line', type: 'line', source: 'base-building', minzoom: 15, paint: { 'line-color': c.buildingLine, 'line-width': 0.8 } },
    { id: 'market', type: 'line', source: 'base-market', minzoom: 13, paint: { 'line-color': c.text3, 'line-width': 1 } },
    { id: 'boundary', type: 'line', source: 'base-boundary', filter: ['!=', ['get', 'level'], 'city'], paint: { 'line-color': c.boundary, 'line-width': 1, 'line-dasharray': [3, 3] } },
    { id: 'boundary-city', type: 'line', source: 'base-boundary', filter: ['==', ['get', 'level'], 'city'], paint: { 'line-color': c.boundary, 'line-width': 1.5 } },
  ];
}

function labels(c: Colours): LayerSpecification[] {
  const paint = { 'text-color': c.label, 'text-halo-color': c.halo, 'text-halo-width': 1.5 };
  const named: ExpressionSpecification = ['coalesce', ['get', 'name'], ''];
  return [
    { id: 'label-road', type: 'symbol', source: 'base-road', minzoom: 14, layout: { 'text-field': named, 'text-font': font, 'text-size': 11, 'symbol-placement': 'line', 'symbol-spacing': 420, 'text-letter-spacing': 0.1 }, paint: { ...paint, 'text-color': c.text3 } },
    { id: 'label-water', type: 'symbol', source: 'base-water', minzoom: 12, layout: { 'text-field': named, 'text-font': font, 'text-size': 12, 'text-letter-spacing': 0.3 }, paint: { ...paint, 'text-color': c.waterText, 'text-halo-color': c.water } },
    { id: 'label-park', type: 'symbol', source: 'base-park', minzoom: 15, layout: { 'text-field': named, 'text-font': font, 'text-size': 11 }, paint },
    { id: 'label-dong', type: 'symbol', source: 'base-label', maxzoom: 15, filter: isClass('dong'), layout: { 'text-field': named, 'text-font': font, 'text-size': 12 }, paint: { ...paint, 'text-color': c.text3 } },
    { id: 'label-place', type: 'symbol', source: 'base-label', minzoom: 13.5, filter: ['!', isClass('dong')], layout: { 'text-field': named, 'text-font': font, 'text-size': 12, 'text-padding': 6 }, paint },
  ];
}
