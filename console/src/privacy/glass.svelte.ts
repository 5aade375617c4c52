import { api } from '../lib/api';
import { clock, since } from '../lib/clock.svelte';
import { session } from '../lib/session.svelte';
import type { Page } from '../lib/types';
import type { Glass } from './types';

export const going = (glass: Glass): boolean => glass.closed_at === null && Date.parse(glass.until_at) > clock.now.getTime();
export const left = (glass: Glass): string => since(clock.now.toISOString(), glass.until_at);

/** What the reader broke and did not end: it is open until its two hours are over, on every screen for them to see. */
class OwnGlass {
  private items = $state.raw<readonly Glass[]>([]);

  get open(): readonly Glass[] {
    return this.items.filter(going);
  }

  async load(): Promise<void> {
    if (!session.may('glass.own')) return;
    this.items = await api.get<Page<Glass>>('/glass/mine', { unreviewed: true, limit: 20 }).then((page) => page.items, () => this.items);
  }
}

export const ownGlass = new OwnGlass();
