import { api } from '../lib/api';
import type { Camera } from '../lib/types';

export const layouts = [1, 5, 9, 16] as const;
const remembered = 'dure.wall';
type Tile = Pick<Camera, 'id' | 'name' | 'has_stream'> | null;

/** Two places exchanged; the list grows where one of them lies beyond its end. */
export function swapped<T>(tiles: readonly (T | null)[], a: number, b: number): readonly (T | null)[] {
  const next = Array.from({ length: Math.max(tiles.length, a + 1, b + 1) }, (_, i) => tiles[i] ?? null);
  [next[a], next[b]] = [next[b] ?? null, next[a] ?? null];
  return next;
}

/** Which cameras are on the wall, kept in this browser: ids alone, no picture. */
export class Wall {
  size = $state(5);
  cameras = $state.raw<readonly Tile[]>([]);
  readonly empty = $derived(this.cameras.slice(0, this.size).every((one) => one === null));
  /** The first empty place. */
  readonly free = $derived.by(() => {
    const at = Array.from({ length: this.size }, (_, i) => this.cameras[i] ?? null).findIndex((one) => one === null);
    return at < 0 ? null : at;
  });

  /** Until the remembered cameras have come, nothing is written over them. */
  private ready = $state(false);

  constructor() {
    try {
      const kept = JSON.parse(localStorage.getItem(remembered) ?? '{}') as { readonly size?: number; readonly ids?: readonly (string | null)[] };
      if (layouts.some((n) => n === kept.size)) this.size = kept.size as number;
      void this.recall(kept.ids ?? []).finally(() => (this.ready = true));
    } catch {
      localStorage.removeItem(remembered);
      this.ready = true;
    }
    $effect(() => {
      if (this.ready) localStorage.setItem(remembered, JSON.stringify({ size: this.size, ids: this.cameras.map((one) => one?.id ?? null) }));
    });
  }

  use(size: number): void {
    this.size = size;
  }

  put(at: number, camera: Tile): void {
    const next = Array.from({ length: Math.max(this.cameras.length, at + 1) }, (_, i) => this.cameras[i] ?? null);
    next[at] = camera;
    this.cameras = next;
  }

  /** Cameras by their ids, in this order, in the place of those that stand there. */
  async fill(ids: readonly (string | null)[]): Promise<void> {
    this.cameras = await this.read(ids);
  }

  /** The cameras that were there the last time; what somebody has put there meanwhile stays. */
  private async recall(ids: readonly (string | null)[]): Promise<void> {
    const found = await this.read(ids);
    this.cameras = Array.from({ length: Math.max(found.length, this.cameras.length) }, (_, i) => this.cameras[i] ?? found[i] ?? null);
  }

  /** One that cannot be read leaves its place empty. */
  private read(ids: readonly (string | null)[]): Promise<readonly Tile[]> {
    return Promise.all(ids.slice(0, Math.max(...layouts)).map((id) => (id ? api.get<Camera>(`/cameras/${encodeURIComponent(id)}`).catch(() => null) : null)));
  }
}
