import type { Map as MapLibre } from 'maplibre-gl';
import { severities, type Severity } from '../lib/types';
import type { Colours } from './colours';

const ratio = 2;
const side = 28;

type Draw = (c: CanvasRenderingContext2D) => void;

function image(draw: Draw, size = side): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * ratio;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no canvas');
  context.scale(ratio, ratio);
  context.translate(size / 2, size / 2);
  draw(context);
  return context.getImageData(0, 0, size * ratio, size * ratio);
}

function outline(severity: Severity): Path2D {
  const path = new Path2D();
  if (severity === 'critical') path.rect(-6.5, -6.5, 13, 13);
  else if (severity === 'serious') path.addPath(new Path2D('M0 -8.5 8.5 6.5H-8.5Z'));
  else if (severity === 'watch') path.addPath(new Path2D('M0 -9 9 0 0 9 -9 0Z'));
  else path.arc(0, 0, 6, 0, 2 * Math.PI);
  return path;
}

function severity(which: Severity, colour: string, halo: string): Draw {
  return (c) => {
    const path = outline(which);
    c.lineJoin = 'round';
    c.strokeStyle = halo;
    c.lineWidth = which === 'notice' ? 8 : 5;
    c.stroke(path);
    if (which === 'notice') {
      c.strokeStyle = colour;
      c.lineWidth = 3.5;
      c.stroke(path);
    } else {
      c.fillStyle = colour;
      c.fill(path);
    }
  };
}

/** A camera looking north: a dot and a small wedge, turned on the map by its direction. */
function camera(colour: string, halo: string, wedge: boolean): Draw {
  return (c) => {
    if (wedge) {
      c.beginPath();
      c.moveTo(0, 0);
      c.arc(0, 0, 12, -Math.PI / 2 - 0.62, -Math.PI / 2 + 0.62);
      c.closePath();
      c.globalAlpha = 0.4;
      c.fillStyle = colour;
      c.fill();
      c.globalAlpha = 1;
    }
    c.beginPath();
    c.arc(0, 0, 3, 0, 2 * Math.PI);
    c.fillStyle = colour;
    c.strokeStyle = halo;
    c.lineWidth = 1.5;
    c.stroke();
    c.fill();
  };
}

function lettered(letter: string, colour: string, ground: string): Draw {
  return (c) => {
    c.beginPath();
    c.arc(0, 0, 6, 0, 2 * Math.PI);
    c.fillStyle = ground;
    c.fill();
    c.strokeStyle = colour;
    c.lineWidth = 1.3;
    c.stroke();
    c.fillStyle = colour;
    c.font = '600 8px "Pretendard Variable", sans-serif';
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    c.fillText(letter, 0, 0.5);
  };
}

function square(colour: string, ground: string): Draw {
  return (c) => {
    c.fillStyle = ground;
    c.fillRect(-4, -4, 8, 8);
    c.strokeStyle = colour;
    c.lineWidth = 1.3;
    c.strokeRect(-3.5, -3.5, 7, 7);
  };
}

/** All symbols of the map, drawn here; none comes from a file. */
export function addSymbols(map: MapLibre, c: Colours): void {
  const add = (name: string, draw: Draw): void => {
    const data = image(draw);
    if (map.hasImage(name)) map.updateImage(name, data);
    else map.addImage(name, data, { pixelRatio: ratio });
  };
  for (const which of severities) add(`severity-${which}`, severity(which, c[which], c.halo));
  add('camera', camera(c.text3, c.halo, true));
  add('camera-blind', camera(c.text3, c.halo, false));
  add('camera-bad', camera(c.critical, c.halo, true));
  add('hydrant', lettered('H', c.text2, c.halo));
  add('device', square(c.text2, c.halo));
  add('device-fault', square(c.critical, c.halo));
  add('place', camera(c.text2, c.halo, false));
}
