import { clock } from '../clock.svelte';
import type { Alarm, Canary, Engine, Incident } from '../types';
import { Link, type LinkSaid, type Said } from './link';
import { apply, type Change, type Entity, fromSnapshot, type LiveState, nothing, valuesOf } from './reducer';
import type { Asked } from './worker';

type Listener = (change: Change) => void;

/** The city as it is now, kept by one event stream; every screen reads from here. */
class Live {
  private state = $state.raw<LiveState>(nothing);
  link = $state.raw<LinkSaid>({ kind: 'link', state: 'connecting', behind: 0, since: Date.now() });
  delay = $state<number | null>(null);
  /** False until the first snapshot: screens show that they are loading, not that nothing is there. */
  ready = $state(false);
  private send: ((asked: Asked['kind']) => void) | null = null;
  private worker: SharedWorker | null = null;
  private readonly listeners = new Set<Listener>();
  private readonly refused = new Set<() => void>();

  readonly incidents = $derived(valuesOf(this.state, 'incident') as unknown as readonly Incident[]);
  readonly alarms = $derived(valuesOf(this.state, 'alarm') as unknown as readonly Alarm[]);
  readonly engines = $derived(valuesOf(this.state, 'engine') as unknown as readonly Engine[]);
  readonly canary = $derived((valuesOf(this.state, 'canary')[0] ?? null) as unknown as Canary | null);
  readonly open = $derived(this.incidents.filter((incident) => incident.status !== 'closed' && incident.merged_into === null));

  /** One kind of live entity that only some screens know. */
  of(entity: string): readonly Entity[] {
    return valuesOf(this.state, entity);
  }

  start(base: string): void {
    if (this.send) return this.send('restart');
    this.send = typeof SharedWorker === 'undefined' ? this.alone(base) : this.shared(base);
  }

  retry(): void {
    this.send?.('retry');
  }

  stop(): void {
    this.send?.('stop');
    this.ready = false;
    this.state = nothing;
  }

  /** Calls back for each change that arrives (not for snapshots). */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onRefused(listener: () => void): () => void {
    this.refused.add(listener);
    return () => this.refused.delete(listener);
  }

  /** Fetches the worker's code before anybody is known to be signed in; it asks the city for nothing yet. */
  warm(): void {
    if (typeof SharedWorker !== 'undefined') this.worker ??= new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'dure-live' });
  }

  private shared(base: string): (kind: Asked['kind']) => void {
    this.warm();
    const worker = this.worker as SharedWorker;
    worker.port.onmessage = (message: MessageEvent<Said>) => this.hear(message.data);
    const send = (kind: Asked['kind']): void => worker.port.postMessage({ kind, base } satisfies Asked);
    addEventListener('pagehide', () => send('leave'));
    send('join');
    return send;
  }

  private alone(base: string): (kind: Asked['kind']) => void {
    const link = new Link(base, (said) => this.hear(said));
    link.start();
    return (kind) => {
      if (kind === 'restart') link.start();
      else if (kind === 'retry') link.retry();
      else if (kind === 'stop') link.stop();
    };
  }

  private hear(said: Said): void {
    switch (said.kind) {
      case 'snapshot':
        this.state = fromSnapshot(said.snapshot);
        this.ready = true;
        if (said.took > 0) clock.hear(Date.parse(said.snapshot.at) + said.took / 2, said.took);
        break;
      case 'changes':
        this.state = apply(this.state, said.changes);
        for (const change of said.changes) for (const listener of this.listeners) listener(change);
        break;
      case 'beat':
        this.delay = Math.max(0, clock.exact() - (Date.now() - said.heardAt) - said.sentAt);
        break;
      case 'link':
        this.link = said;
        if (said.state === 'refused') for (const listener of this.refused) listener();
    }
  }
}

export const live = new Live();
