/**
 * The live state as a pure function of what the server said: a snapshot, then changes.
 * Changes apply by entity version, so a change that the snapshot already holds, or one that arrives twice, alters nothing.
 */
export interface Entity {
  readonly id: string;
  readonly version?: number;
}

export interface Change {
  readonly position: number;
  readonly entity: string;
  readonly id: string;
  readonly version: number;
  readonly type: string;
  readonly value: Entity | null;
}

export interface Snapshot {
  readonly position: number;
  readonly at: string;
  readonly entities: Readonly<Record<string, readonly Entity[]>>;
}

interface Held {
  readonly version: number;
  readonly value: Entity | null;
}

export interface LiveState {
  readonly position: number;
  readonly held: Readonly<Record<string, ReadonlyMap<string, Held>>>;
}

export const nothing: LiveState = { position: 0, held: {} };

const versionOf = (value: Entity | null, said: number): number => Math.max(said, value?.version ?? 0);

/** The state that a snapshot describes. */
export function fromSnapshot(snapshot: Snapshot): LiveState {
  const held: Record<string, ReadonlyMap<string, Held>> = {};
  for (const [entity, values] of Object.entries(snapshot.entities)) {
    held[entity] = new Map(values.map((value) => [value.id, { version: versionOf(value, 0), value }]));
  }
  return { position: snapshot.position, held };
}

/** The state after `changes`; the same object when nothing changed. Removed entities stay as marks, so that an older change cannot bring them back. */
export function apply(state: LiveState, changes: readonly Change[]): LiveState {
  const touched: Record<string, Map<string, Held>> = {};
  let position = state.position;
  for (const change of changes) {
    position = Math.max(position, change.position);
    const now = touched[change.entity] ?? state.held[change.entity];
    const version = versionOf(change.value, change.version);
    if ((now?.get(change.id)?.version ?? -1) >= version) continue;
    const map = touched[change.entity] ?? new Map(now);
    map.set(change.id, { version, value: change.value });
    touched[change.entity] = map;
  }
  if (position === state.position && Object.keys(touched).length === 0) return state;
  return { position, held: { ...state.held, ...touched } };
}

/** What is there now, of one kind. */
export function valuesOf(state: LiveState, entity: string): Entity[] {
  const out: Entity[] = [];
  for (const held of state.held[entity]?.values() ?? []) if (held.value !== null) out.push(held.value);
  return out;
}

/** The state as a snapshot, for a tab that joins later. */
export function toSnapshot(state: LiveState, at: string): Snapshot {
  return { position: state.position, at, entities: Object.fromEntries(Object.keys(state.held).map((kind) => [kind, valuesOf(state, kind)])) };
}
