import type { Map as MapLibre } from 'maplibre-gl';
import type { LonLat } from './geo';

const pixelSize = 0.0254 / 96;
const earth = 40_075_016.7;
const tile = 512;

/** What a map shows now, for the parts that stand around it. */
export class View {
  moved = $state(0);
  private waiting = false;

  constructor(readonly map: MapLibre) {
    const tick = (): void => {
      if (this.waiting) return;
      this.waiting = true;
      requestAnimationFrame(() => {
        this.waiting = false;
        this.moved += 1;
      });
    };
    map.on('move', tick);
    map.on('resize', tick);
  }

  get center(): LonLat {
    void this.moved;
    const { lng, lat } = this.map.getCenter();
    return [lng, lat];
  }

  /** Metres that one pixel of the screen takes. */
  get metresPerPixel(): number {
    return (earth * Math.cos((this.center[1] * Math.PI) / 180)) / (tile * 2 ** this.map.getZoom());
  }

  /** The n of 1:n, at 96 pixels an inch, to two figures. */
  get scale(): number {
    return Number((this.metresPerPixel / pixelSize).toPrecision(2));
  }

  get bounds(): [number, number, number, number] {
    void this.moved;
    const b = this.map.getBounds();
    return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()];
  }

  project(at: LonLat): { x: number; y: number } {
    void this.moved;
    return this.map.project([at[0], at[1]]);
  }

  get size(): { width: number; height: number } {
    void this.moved;
    const canvas = this.map.getCanvas();
    return { width: canvas.clientWidth, height: canvas.clientHeight };
  }
}
