/** A camera whose picture is wanted, for what and why. Pure. */
export interface Wanted {
  readonly camera: string;
  readonly incident: string | null;
  readonly purpose: string;
  /** As the centre's own work: any camera, with or without an incident. */
  readonly own: boolean;
}

/** So many cameras one request names at most. */
const most = 16;

/** Those that are wanted alike (for the same incident and reason), in groups that the server takes at once. */
export function grouped<T extends { readonly wanted: Wanted }>(all: readonly T[]): readonly (readonly T[])[] {
  const alike = new Map<string, T[][]>();
  for (const one of all) {
    const { camera, incident, purpose, own } = one.wanted;
    const kind = JSON.stringify([incident, purpose, own]);
    const groups = alike.get(kind) ?? [];
    alike.set(kind, groups);
    const open = groups.find((group) => group.length < most && group.every((other) => other.wanted.camera !== camera));
    if (open) open.push(one);
    else groups.push([one]);
  }
  return [...alike.values()].flat();
}
