import type { Feature } from 'geojson';
import type { GeoJSONSource, Map as MapLibre } from 'maplibre-gl';
import type { ChosenCamera, Incident, Severity } from '../lib/types';
import type { Colours } from './colours';
import { collection, pointFeature, sector } from './geo';
import { font } from './style';

/** The cameras chosen for an incident: view sectors and numbers, and the incidents themselves above all else. */
export const unknownRange = 40;

export function addChosen(map: MapLibre, c: Colours): void {
  map.addSource('sectors', { type: 'geojson', data: collection([]) });
  map.addSource('chosen', { type: 'geojson', data: collection([]) });
  map.addLayer({ id: 'sectors', type: 'fill', source: 'sectors', paint: { 'fill-color': c.accent, 'fill-opacity': ['case', ['get', 'usable'], 0.22, 0.06] } });
  map.addLayer({ id: 'sectors-line', type: 'line', source: 'sectors', paint: { 'line-color': c.accent, 'line-width': 1, 'line-opacity': 0.8 } });
  map.addLayer({ id: 'chosen', type: 'circle', source: 'chosen', paint: { 'circle-radius': 9, 'circle-color': ['case', ['get', 'usable'], c.accent, c.text3], 'circle-stroke-color': c.halo, 'circle-stroke-width': 1.5 } });
  map.addLayer({ id: 'chosen-number', type: 'symbol', source: 'chosen', layout: { 'text-field': ['get', 'number'], 'text-font': font, 'text-size': 12, 'text-allow-overlap': true, 'text-ignore-placement': true }, paint: { 'text-color': c.onAccent } });
}

export function fillChosen(map: MapLibre, cameras: readonly ChosenCamera[]): void {
  const placed = cameras.map((camera, index) => ({ camera, number: index + 1 })).filter(({ camera }) => camera.lon != null && camera.lat != null);
  const usable = (camera: ChosenCamera): boolean => camera.state === 'ok' || camera.state === 'unknown';
  const sectors = placed.map<Feature>(({ camera }) => ({
    type: 'Feature',
    geometry: sector([camera.lon as number, camera.lat as number], camera.azimuth_deg ?? null, camera.fov_deg ?? null, camera.range_m ?? unknownRange),
    properties: { id: camera.id, usable: usable(camera) },
  }));
  (map.getSource('sectors') as GeoJSONSource | undefined)?.setData(collection(sectors));
  (map.getSource('chosen') as GeoJSONSource | undefined)?.setData(
    collection(placed.map(({ camera, number }) => pointFeature(camera.id, [camera.lon as number, camera.lat as number], { number: String(number), usable: usable(camera) }))),
  );
}

const weight: Record<Severity, number> = { critical: 0, serious: 1, watch: 2, notice: 3 };

export function addIncidents(map: MapLibre, c: Colours): void {
  map.addSource('incidents', { type: 'geojson', data: collection([]), cluster: false });
  map.addLayer({ id: 'incident-ring', type: 'circle', source: 'incidents', filter: ['get', 'chosen'], paint: { 'circle-radius': 19, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-width': 2, 'circle-stroke-color': ['match', ['get', 'severity'], 'critical', c.critical, 'serious', c.serious, 'watch', c.watch, c.notice] } });
  map.addLayer({
    id: 'incidents', type: 'symbol', source: 'incidents',
    layout: {
      'icon-image': ['concat', 'severity-', ['get', 'severity']], 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'symbol-sort-key': ['-', 0, ['get', 'weight']],
      'text-field': ['get', 'label'], 'text-font': font, 'text-size': 12, 'text-optional': true, 'text-variable-anchor': ['right', 'left', 'top', 'bottom'], 'text-radial-offset': 1.1, 'text-max-width': 14,
    },
    paint: { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.5 },
  });
}

export function fillIncidents(map: MapLibre, incidents: readonly Incident[], chosen: string | null, label: (incident: Incident) => string): void {
  const features = incidents
    .filter((incident) => incident.place.lon != null && incident.place.lat != null)
    .map((incident) =>
      pointFeature(incident.id, [incident.place.lon as number, incident.place.lat as number], {
        severity: incident.severity, weight: weight[incident.severity], label: incident.id === chosen ? '' : label(incident), chosen: incident.id === chosen,
      }),
    );
  (map.getSource('incidents') as GeoJSONSource | undefined)?.setData(collection(features));
}
