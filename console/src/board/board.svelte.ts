import { untrack } from 'svelte';
import { fresh } from '../lib/fresh.svelte';
import { IncidentView } from '../lib/incident.svelte';
import { live } from '../lib/live/live.svelte';
import { session } from '../lib/session.svelte';
import type { Incident } from '../lib/types';
import { rowsOf } from './order';
import { Past } from './past.svelte';

export const tabs = ['all', 'mine', 'unacknowledged'] as const;
export type QueueTab = (typeof tabs)[number];

/** What the parts of the board share: now or a past moment, which rows the queue shows, and which incident is chosen. Of the past nothing can be acted on. */
export class BoardState {
  readonly past = new Past();
  readonly incidents = $derived(this.past.at ? this.past.incidents : live.incidents);
  readonly open = $derived(this.past.at ? this.past.incidents : live.open);
  readonly ready = $derived(this.past.at ? this.past.ready : live.ready);
  /** For how long things have been, as of the moment that is shown; null: as of now. */
  readonly as = $derived(this.past.iso);
  tab = $state<QueueTab>('all');
  held = $state(false);
  order = $state.raw<readonly string[]>([]);
  chosenId = $state<string | null>(null);
  readonly byId = $derived(new Map(this.incidents.map((incident) => [incident.id, incident])));
  readonly rows = $derived(this.order.map((id) => this.byId.get(id)).filter((incident): incident is Incident => incident !== undefined));
  readonly chosen = $derived(this.chosenId === null ? null : (this.byId.get(this.chosenId) ?? null));
  readonly detail = $derived(this.chosenId === null || this.past.at ? null : new IncidentView(this.chosenId));

  /** Rows of another time are not held on to, wherever the pointer is. */
  private wasPast = false;

  of(tab: QueueTab): Incident[] {
    const me = session.me;
    if (tab === 'mine') return this.open.filter((i) => me !== null && [me.username, me.name].includes(i.acknowledged_by ?? ''));
    if (tab === 'unacknowledged') return this.open.filter((i) => i.status === 'open');
    return [...this.open];
  }

  /** Follows the city; to be called in an effect. */
  settle(): void {
    const open = this.of(this.tab);
    const waiting = (this.past.at ? [] : fresh.waiting).map((incident) => incident.id);
    const held = this.held && !this.past.at;
    const known = this.byId;
    const past = this.past.at !== null;
    untrack(() => {
      const turned = past !== this.wasPast;
      this.wasPast = past;
      this.order = rowsOf(open, turned ? [] : this.order, waiting, held);
      if (this.chosenId === null || !known.has(this.chosenId)) this.chosenId = this.order[0] ?? null;
    });
  }

  show(tab: QueueTab): void {
    this.tab = tab;
    this.order = [];
    this.settle();
  }

  /** Lets the waiting incidents in and chooses the newest of them. */
  letIn(): void {
    const newest = fresh.waiting.at(-1);
    fresh.seen();
    this.held = false;
    this.order = rowsOf(this.of(this.tab), [], [], false);
    if (newest) this.chosenId = newest.id;
  }

  move(step: number): void {
    const at = this.order.indexOf(this.chosenId ?? '');
    const next = this.order[Math.min(this.order.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    if (next !== undefined) this.chosenId = next;
  }
}
