import { api, base } from '../lib/api';
import { randomId } from '../lib/id';
import { live } from '../lib/live/live.svelte';
import { session } from '../lib/session.svelte';

/** Where in the room somebody is; the last six are acts that others should not begin at the same time. */
export const parts = ['room', 'manual', 'tasks', 'decisions', 'files', 'cameras', 'handoffs', 'timeline', 'deciding', 'handing_off', 'weighing', 'merging', 'locating', 'closing'] as const;
export type Part = (typeof parts)[number];
export const acting: ReadonlySet<string> = new Set<Part>(['deciding', 'handing_off', 'weighing', 'merging', 'locating', 'closing']);

export interface Present {
  readonly name: string;
  readonly agency: string | null;
  readonly since: string;
  readonly parts: readonly string[];
}

const beat = 4000;

/** Who is in one incident's room. Tells the city that this window is there and on which part of it; what is typed stays here. */
export class Presence {
  part: Part = 'room';
  private readonly tab = randomId();
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(readonly id: string) {}

  /** Everybody there, this account first. */
  get people(): readonly Present[] {
    const room = live.of('room').find((one) => one.id === this.id) as unknown as { people?: readonly Present[] } | undefined;
    const me = session.me?.name;
    return [...(room?.people ?? [])].sort((a, b) => Number(b.name === me) - Number(a.name === me) || a.since.localeCompare(b.since));
  }

  /** Others who are in the middle of an act. */
  others(part: Part): readonly Present[] {
    return this.people.filter((one) => one.name !== session.me?.name && one.parts.includes(part));
  }

  at(part: Part): void {
    if (part === this.part) return;
    this.part = part;
    this.say();
  }

  /** Is there until the answer is called; for use in an effect. A window that nobody sees is not there. */
  be(): () => void {
    const seen = (): void => {
      clearInterval(this.timer);
      if (document.visibilityState === 'hidden') return this.leave();
      this.say();
      this.timer = setInterval(() => this.say(), beat);
    };
    const gone = (): void => this.leave();
    document.addEventListener('visibilitychange', seen);
    addEventListener('pagehide', gone);
    seen();
    return () => {
      clearInterval(this.timer);
      document.removeEventListener('visibilitychange', seen);
      removeEventListener('pagehide', gone);
      this.leave();
    };
  }

  /** A beat that is lost is no failure to tell anybody of: the next one comes in seconds. */
  private say(): void {
    void api.put(`/incidents/${encodeURIComponent(this.id)}/presence`, { tab: this.tab, part: this.part }).catch(() => undefined);
  }

  private leave(): void {
    void fetch(`${base}/incidents/${encodeURIComponent(this.id)}/presence/leave`, {
      method: 'POST', keepalive: true, credentials: 'same-origin', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ tab: this.tab }),
    }).catch(() => undefined);
  }
}
