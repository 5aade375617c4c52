import type { GoldenClock } from './types';

export interface GoldenState {
  readonly state: 'met' | 'missed' | 'running' | 'near' | 'over';
  /** Seconds on the clock, until the target, and past it. */
  readonly spent: number;
  readonly left: number;
  readonly over: number;
}

/** From this share of the target the clock turns amber; past the target, red. */
export const nearShare = 0.8;

export function goldenState(clock: GoldenClock, now: Date): GoldenState {
  const end = clock.stopped_at === null ? now.getTime() : Date.parse(clock.stopped_at);
  const spent = Math.max(0, (end - Date.parse(clock.started_at)) / 1000);
  const over = Math.max(0, spent - clock.target_s);
  const left = Math.max(0, clock.target_s - spent);
  const stopped = clock.stopped_at !== null;
  const state = stopped ? (over > 0 ? 'missed' : 'met') : over > 0 ? 'over' : spent >= clock.target_s * nearShare ? 'near' : 'running';
  return { state, spent, left, over };
}

/** The clock that most needs a person's eye: the most overdue running one, else the one with least time left, else none. */
export function mostUrgent(clocks: readonly GoldenClock[], now: Date): GoldenClock | null {
  const left = (clock: GoldenClock): number => clock.target_s - goldenState(clock, now).spent;
  return clocks.filter((clock) => clock.stopped_at === null).sort((a, b) => left(a) - left(b))[0] ?? null;
}
