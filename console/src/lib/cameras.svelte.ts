import { api } from './api';
import type { Camera, ChosenCamera } from './types';

/** Where chosen cameras stand and look; each is read once and kept for a while, as it hardly ever changes. */
const kept = new Map<string, Promise<Camera | null>>();
const keepFor = 60_000;

function camera(id: string): Promise<Camera | null> {
  let reading = kept.get(id);
  if (!reading) {
    reading = api.get<Camera>(`/cameras/${encodeURIComponent(id)}`).catch(() => null);
    kept.set(id, reading);
    setTimeout(() => kept.delete(id), keepFor);
  }
  return reading;
}

/** The chosen cameras with their place and view; one that cannot be read stays as it came. */
export async function placed(chosen: readonly ChosenCamera[]): Promise<readonly ChosenCamera[]> {
  return Promise.all(
    chosen.map(async (one) => {
      const full = one.lon == null ? await camera(one.id) : null;
      return full ? { ...full, ...one, state: full.state } : one;
    }),
  );
}
