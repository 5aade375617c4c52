import { describe, expect, it } from 'vitest';
import { apply, type Change, type Entity, fromSnapshot, nothing, type Snapshot, toSnapshot, valuesOf } from './reducer';

interface Row extends Entity {
  version: number;
  severity: number;
}

/** A small server: it writes events, and reads snapshots the way the city does, the mark first and the tables later. */
class Server {
  position = 0;
  readonly tables: Record<string, Map<string, Row>> = { incident: new Map(), alarm: new Map() };
  readonly log: { position: number; entity: string; id: string; version: number }[] = [];
  private readonly lastVersion = new Map<string, number>();

  constructor(private readonly random: () => number) {}

  write(): void {
    const entity = this.random() < 0.5 ? 'incident' : 'alarm';
    const id = `${entity}-${Math.floor(this.random() * 12)}`;
    const version = (this.lastVersion.get(id) ?? 0) + 1;
    this.lastVersion.set(id, version);
    this.position += 1;
    const table = this.tables[entity] as Map<string, Row>;
    if (this.random() < 0.2) table.delete(id);
    else table.set(id, { id, version, severity: Math.floor(this.random() * 4) });
    this.log.push({ position: this.position, entity, id, version });
  }

  snapshot(position = this.position): Snapshot {
    return { position, at: '2026-12-05T03:14:27Z', entities: Object.fromEntries(Object.entries(this.tables).map(([k, rows]) => [k, [...rows.values()]])) };
  }

  /** Events after `position`; values are read when sent, so they may be newer than the event itself. */
  eventsAfter(position: number): Change[] {
    return this.log
      .filter((e) => e.position > position)
      .map((e) => ({ ...e, type: 'Changed.v1', value: this.tables[e.entity]?.get(e.id) ?? null }));
  }
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const sorted = (snapshot: Snapshot): unknown =>
  Object.fromEntries(Object.entries(snapshot.entities).map(([kind, rows]) => [kind, [...rows].sort((a, b) => a.id.localeCompare(b.id))]));

describe('live state', () => {
  it.each(Array.from({ length: 200 }, (_, seed) => seed))('snapshot and events equal a fresh snapshot (seed %i)', (seed) => {
    const random = seeded(seed);
    const server = new Server(random);
    const some = (n: number): void => {
      for (let i = 0; i < Math.floor(random() * n); i += 1) server.write();
    };
    some(30);
    const mark = server.position;
    some(10);
    let state = fromSnapshot(server.snapshot(mark));
    for (let turn = 0; turn < 5; turn += 1) {
      some(15);
      const events = server.eventsAfter(state.position);
      const dropped = Math.floor(random() * (events.length + 1));
      state = apply(state, events.slice(0, dropped));
      some(5);
      state = apply(state, server.eventsAfter(state.position));
      state = apply(state, events);
    }
    expect(sorted(toSnapshot(state, ''))).toEqual(sorted(fresh(server)));
    expect(state.position).toBe(server.position);
  });

  it('does not bring back what was removed when an older change arrives late', () => {
    const removed = apply(nothing, [{ position: 2, entity: 'alarm', id: 'a', version: 2, type: 'x', value: null }]);
    const late = apply(removed, [{ position: 1, entity: 'alarm', id: 'a', version: 1, type: 'x', value: { id: 'a', version: 1 } }]);
    expect(valuesOf(late, 'alarm')).toEqual([]);
  });

  it('is the same object when nothing changed', () => {
    const state = fromSnapshot({ position: 5, at: '', entities: { alarm: [{ id: 'a', version: 3 }] } });
    expect(apply(state, [{ position: 4, entity: 'alarm', id: 'a', version: 3, type: 'x', value: { id: 'a', version: 3 } }])).toBe(state);
  });
});

function fresh(server: Server): Snapshot {
  return toSnapshot(fromSnapshot(server.snapshot()), '');
}
