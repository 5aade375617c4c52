import { api, base, onSignedOut, Problem } from './api';
import { clock } from './clock.svelte';
import { live } from './live/live.svelte';
import type { Me, Page } from './types';

export interface SignedIn {
  readonly ok: boolean;
  readonly second: { readonly ways: readonly string[] } | null;
}

const remembered = 'dure.signed-in';

/** Who is signed in here, if anybody. */
class Session {
  me = $state.raw<Me | null>(null);
  state = $state<'asking' | 'in' | 'out' | 'unreachable'>('asking');
  /** Whether this browser was signed in when it was last left: a hint for what to fetch ahead, nothing more. */
  readonly wasIn = localStorage.getItem(remembered) === 'yes';

  constructor() {
    onSignedOut.call = () => this.leave();
    live.onRefused(() => void this.again());
  }

  async ask(): Promise<void> {
    try {
      this.enter(await api.get<Me>('/me'));
    } catch (error) {
      if (error instanceof Problem && error.unanswered) this.state = 'unreachable';
      else {
        localStorage.removeItem(remembered);
        this.state = 'out';
      }
    }
  }

  /** Signs in by password. What comes back says how a second factor may be shown; null where none is asked. */
  async signIn(username: string, password: string): Promise<readonly string[] | null> {
    return this.entered(await api.post<SignedIn>('/sessions', { username, password }));
  }

  /** Signs in by whatever the server was told; null when that was all. */
  async entered(answer: SignedIn): Promise<readonly string[] | null> {
    if (!answer.ok) return answer.second?.ways ?? [];
    this.enter(await api.get<Me>('/me'));
    return null;
  }

  /** Signs out; who came by the city's single sign-on is led there to sign out of it, too. */
  async signOut(): Promise<void> {
    let to: string | null = null;
    try {
      to = (await api.post<{ readonly url: string | null }>('/sso/leave')).url;
    } finally {
      this.leave();
    }
    if (to !== null) location.assign(to);
  }

  may(permission: string): boolean {
    return this.me?.permissions.includes(permission) ?? false;
  }

  private enter(me: Me): void {
    this.me = me;
    clock.zone = me.time_zone;
    this.state = 'in';
    localStorage.setItem(remembered, 'yes');
    if (me.second_missing) return;
    live.start(base);
    void this.askCity();
  }

  /** The city's name stands beside the mark; without it the screens work as well. */
  private async askCity(): Promise<void> {
    if (!this.may('city.read')) return;
    try {
      clock.city = (await api.get<Page<{ name: string }>>('/boundaries', { level: 'city' })).items[0]?.name ?? '';
    } catch {
      clock.city = '';
    }
  }

  /** The flow said good-bye: one's rights changed, or one is out. The server knows which. */
  private async again(): Promise<void> {
    if (this.state !== 'in') return;
    try {
      this.enter(await api.get<Me>('/me'));
    } catch {
      this.leave();
    }
  }

  private leave(): void {
    if (this.state === 'out') return;
    this.me = null;
    localStorage.removeItem(remembered);
    this.state = 'out';
    live.stop();
  }
}

export const session = new Session();
