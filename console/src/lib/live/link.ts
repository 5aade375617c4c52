import { FrameReader, type Frame } from './frames';
import type { Change, Snapshot } from './reducer';

/** What the link tells: the whole state, changes to it, or how the link itself is. */
export type Said =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly heardAt: number; readonly took: number }
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'beat'; readonly sentAt: number; readonly heardAt: number }
  | LinkSaid;
export interface LinkSaid {
  readonly kind: 'link';
  readonly state: 'connecting' | 'live' | 'catching' | 'offline' | 'refused';
  readonly behind: number;
  readonly since: number;
}

const firstWait = 500;
const longestWait = 15_000;
/** The city beats every two seconds; four missed beats mean that the line is dead, whatever the socket says. */
const silenceLimit = 8_000;
const flushAfter = 50;

/** One connection to the city: a snapshot, then the event stream from its position, again and again after each drop. */
export class Link {
  private abort: AbortController | null = null;
  private position: number | null = null;
  private wait = firstWait;
  private pending: Change[] = [];
  private flushing: ReturnType<typeof setTimeout> | undefined;
  private quiet: ReturnType<typeof setTimeout> | undefined;
  private wake: (() => void) | null = null;
  private heardAt = Date.now();
  private said: LinkSaid = { kind: 'link', state: 'connecting', behind: 0, since: Date.now() };

  constructor(
    private readonly base: string,
    private readonly tell: (said: Said) => void,
  ) {}

  /** Begins, or begins anew with a fresh snapshot. */
  start(): void {
    this.stop();
    this.position = null;
    this.wait = firstWait;
    const abort = new AbortController();
    this.abort = abort;
    void this.run(abort.signal);
  }

  stop(): void {
    this.abort?.abort();
    this.abort = null;
    clearTimeout(this.quiet);
    this.flush();
  }

  /** Tries at once instead of waiting out the pause between tries. */
  retry(): void {
    this.wait = firstWait;
    this.wake?.();
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.position === null) await this.snapshot(signal);
        if ((await this.stream(signal)) === 'reset') this.position = null;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused) return this.link('refused');
      }
      if (signal.aborted) return;
      this.flush();
      this.link('offline');
      await this.pause();
    }
  }

  private async snapshot(signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const response = await fetch(`${this.base}/snapshot`, { signal, credentials: 'same-origin', cache: 'no-store' });
    if (response.status === 401 || response.status === 403) throw new Refused();
    if (!response.ok) throw new Error(String(response.status));
    const took = performance.now() - began;
    const snapshot = (await response.json()) as Snapshot;
    this.pending = [];
    this.position = snapshot.position;
    this.tell({ kind: 'snapshot', snapshot, heardAt: Date.now(), took });
  }

  private async stream(outer: AbortSignal): Promise<'dropped' | 'reset'> {
    const inner = new AbortController();
    const onOuter = (): void => inner.abort();
    outer.addEventListener('abort', onOuter, { once: true });
    try {
      const response = await fetch(`${this.base}/events`, {
        signal: inner.signal,
        credentials: 'same-origin',
        cache: 'no-store',
        headers: { accept: 'text/event-stream', 'last-event-id': String(this.position) },
      });
      if (response.status === 401 || response.status === 403) throw new Refused();
      if (!response.ok || !response.body) throw new Error(String(response.status));
      this.wait = firstWait;
      const frames = new FrameReader();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        clearTimeout(this.quiet);
        this.quiet = setTimeout(() => inner.abort(), silenceLimit);
        const { done, value } = await reader.read();
        if (done) return 'dropped';
        this.heardAt = Date.now();
        if (this.said.state !== 'live') this.link('catching', this.pending.length);
        for (const frame of frames.push(value)) if (this.frame(frame) === 'reset') return 'reset';
      }
    } finally {
      clearTimeout(this.quiet);
      outer.removeEventListener('abort', onOuter);
      inner.abort();
    }
  }

  private frame(frame: Frame): 'reset' | 'go' {
    switch (frame.event) {
      case 'change': {
        const position = Number(frame.id);
        this.position = Math.max(this.position ?? 0, position);
        this.pending.push({ ...(JSON.parse(frame.data) as Omit<Change, 'position'>), position });
        this.flushing ??= setTimeout(() => this.flush(), flushAfter);
        return 'go';
      }
      case 'beat':
        this.position = Math.max(this.position ?? 0, Number(frame.id ?? 0));
        this.beat(JSON.parse(frame.data) as Beat);
        return 'go';
      case 'reset':
        return 'reset';
      case 'bye':
        throw new Refused();
      default:
        return 'go';
    }
  }

  /** A heartbeat comes when nothing is left to send that this reader may see; its id is how far the reader has come. */
  private beat(beat: Beat): void {
    this.link('live');
    this.tell({ kind: 'beat', sentAt: Date.parse(beat.at), heardAt: Date.now() });
  }

  private flush(): void {
    clearTimeout(this.flushing);
    this.flushing = undefined;
    if (this.pending.length === 0) return;
    const changes = this.pending;
    this.pending = [];
    this.tell({ kind: 'changes', changes });
  }

  private link(state: LinkSaid['state'], behind = 0): void {
    if (state === this.said.state && behind === this.said.behind) return;
    const since = state === this.said.state ? this.said.since : state === 'offline' ? this.heardAt : Date.now();
    this.said = { kind: 'link', state, behind, since };
    this.tell(this.said);
  }

  private pause(): Promise<void> {
    const wait = this.wait * (0.75 + Math.random() / 2);
    this.wait = Math.min(longestWait, Math.max(firstWait, this.wait * 2));
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

interface Beat {
  readonly at: string;
}

class Refused extends Error {}
