import type { Incident, Severity } from '../lib/types';
import { distance, type LonLat } from './geo';

export interface EdgeMark {
  readonly incident: Incident;
  readonly side: 'left' | 'right' | 'top' | 'bottom';
  readonly x: number;
  readonly y: number;
  /** Degrees clockwise from up, towards the incident. */
  readonly angle: number;
  readonly metres: number;
}

const most = 8;
const inset = 8;
/** Where the tools at the top, the legend at the bottom and the small map in the corner stand. */
const keepOut = { top: 64, bottom: 60, corner: 380 };
const cornerHeight = 210;
const between = 28;
const order: readonly Severity[] = ['critical', 'serious', 'watch', 'notice'];

/** Incidents that lie outside the map, as marks on its edge: the gravest first, never on each other. */
export function edgeMarks(incidents: readonly Incident[], project: (at: LonLat) => { x: number; y: number }, size: { width: number; height: number }, center: LonLat): EdgeMark[] {
  const outside = incidents.flatMap((incident) => {
    if (incident.place.lon == null || incident.place.lat == null) return [];
    const at: LonLat = [incident.place.lon, incident.place.lat];
    const { x, y } = project(at);
    if (x >= 0 && x <= size.width && y >= 0 && y <= size.height) return [];
    return [markAt(incident, x, y, size, distance(center, at))];
  });
  outside.sort((a, b) => order.indexOf(a.incident.severity) - order.indexOf(b.incident.severity) || a.metres - b.metres);
  return apart(outside.slice(0, most), size);
}

function markAt(incident: Incident, x: number, y: number, size: { width: number; height: number }, metres: number): EdgeMark {
  const cx = size.width / 2;
  const cy = size.height / 2;
  const dx = x - cx;
  const dy = y - cy;
  const angle = (Math.atan2(dx, -dy) * 180) / Math.PI;
  const sideways = Math.abs(dx) * (cy - keepOut.top) > Math.abs(dy) * cx;
  const lowest = size.height - (dx > 0 ? cornerHeight : keepOut.bottom);
  const clampY = (value: number): number => Math.min(lowest, Math.max(keepOut.top, value));
  const clampX = (value: number): number => Math.min(size.width - keepOut.corner, Math.max(120, value));
  if (sideways) {
    const side = dx < 0 ? 'left' : 'right';
    return { incident, side, x: side === 'left' ? inset : size.width - inset, y: clampY(cy + (dy / Math.abs(dx)) * cx), angle, metres };
  }
  const side = dy < 0 ? 'top' : 'bottom';
  return { incident, side, x: clampX(cx + (dx / Math.abs(dy)) * cy), y: side === 'top' ? keepOut.top - 8 : size.height - keepOut.bottom + 8, angle, metres };
}

/** Marks of one side pushed along it until none covers another. */
function apart(marks: readonly EdgeMark[], size: { height: number }): EdgeMark[] {
  const out: EdgeMark[] = [];
  for (const side of ['left', 'right', 'top', 'bottom'] as const) {
    const along = marks.filter((mark) => mark.side === side).sort((a, b) => a.y - b.y || a.x - b.x);
    let last = -Infinity;
    for (const mark of along) {
      const vertical = side === 'left' || side === 'right';
      const here = vertical ? mark.y : mark.x;
      const placed = Math.max(here, last + (vertical ? between : 190));
      last = placed;
      if (vertical && placed > size.height - keepOut.bottom + between) continue;
      out.push(vertical ? { ...mark, y: placed } : { ...mark, x: placed });
    }
  }
  return out;
}
