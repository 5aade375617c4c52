import type { Map as MapLibre } from 'maplibre-gl';
import { fillPoints, type PointLayer, pointLayers, points, showPoints } from './points';

const remembered = 'dure.map-layers';

/** Which layers of points a map shows, and how many points each has. */
export class Layers {
  on = $state.raw<ReadonlySet<PointLayer>>(kept());
  counts = $state.raw<Readonly<Partial<Record<PointLayer, number>>>>({});
  failed = $state.raw<ReadonlySet<PointLayer>>(new Set());

  toggle(layer: PointLayer): void {
    const next = new Set(this.on);
    if (!next.delete(layer)) next.add(layer);
    this.on = next;
    localStorage.setItem(remembered, JSON.stringify([...next]));
  }

  /** Shows and fills on a map what is switched on, and reads nothing else; to be called in an effect. */
  apply(map: MapLibre): void {
    const on = this.on;
    for (const layer of pointLayers) {
      showPoints(map, layer, on.has(layer));
      if (!on.has(layer)) continue;
      points(layer)
        .then((data) => {
          this.counts = { ...this.counts, [layer]: data.features.length };
          fillPoints(map, layer, data);
        })
        .catch(() => (this.failed = new Set([...this.failed, layer])));
    }
  }
}

function kept(): Set<PointLayer> {
  try {
    const list = JSON.parse(localStorage.getItem(remembered) ?? 'null') as unknown;
    if (Array.isArray(list)) return new Set(pointLayers.filter((layer) => list.includes(layer)));
  } catch {
    localStorage.removeItem(remembered);
  }
  return new Set(['cameras', 'hydrants']);
}
