import { api, base, onSignedOut, Problem } from './api';
import { clock } from './clock.svelte';
import { live } from './live/live.svelte';
import type { Me } from './types';

/** Who is signed in here, if anybody. */
class Session {
  me = $state.raw<Me | null>(null);
  state = $state<'asking' | 'in' | 'out' | 'unreachable'>('asking');

  constructor() {
    onSignedOut.call = () => this.leave();
    live.onRefused(() => this.leave());
  }

  async ask(): Promise<void> {
    try {
      this.enter(await api.get<Me>('/me'));
    } catch (error) {
      if (error instanceof Problem && error.unanswered) this.state = 'unreachable';
      else this.state = 'out';
    }
  }

  async signIn(username: string, password: string): Promise<void> {
    await api.post('/sessions', { username, password });
    this.enter(await api.get<Me>('/me'));
  }

  async signOut(): Promise<void> {
    try {
      await api.remove('/sessions/current');
    } finally {
      this.leave();
    }
  }

  may(permission: string): boolean {
    return this.me?.permissions.includes(permission) ?? false;
  }

  private enter(me: Me): void {
    this.me = me;
    if (me.time_zone) clock.zone = me.time_zone;
    if (me.city) clock.city = me.city;
    this.state = 'in';
    live.start(base);
  }

  private leave(): void {
    if (this.state === 'out') return;
    this.me = null;
    this.state = 'out';
    live.stop();
  }
}

export const session = new Session();
