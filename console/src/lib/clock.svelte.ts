import * as f from './format';
import { texts } from './i18n.svelte';

/** The city's clock: the server's time carried forward by this machine's monotonic clock, ticking on the second. */
class CityClock {
  now = $state.raw(new Date());
  zone = $state('Asia/Seoul');
  city = $state('');
  private serverAt = Date.now();
  private heardAt = performance.now();
  private best = Infinity;

  start(): () => void {
    let timer: ReturnType<typeof setTimeout>;
    const tick = (): void => {
      this.now = new Date(this.exact());
      timer = setTimeout(tick, 1000 - (this.exact() % 1000) + 2);
    };
    tick();
    return () => clearTimeout(timer);
  }

  /** The server's time now, in ms. */
  exact(): number {
    return this.serverAt + performance.now() - this.heardAt;
  }

  /** Takes the server's word; `uncertainty` is how long the word was on its way at most, in ms. The surest word wins. */
  hear(serverAt: number, uncertainty: number): void {
    const drift = Math.abs(serverAt - this.exact());
    if (uncertainty > this.best && drift < 1000) return;
    this.best = uncertainty;
    this.serverAt = serverAt;
    this.heardAt = performance.now();
  }

  get locale(): f.Locale {
    return { language: texts.language, zone: this.zone };
  }
}

export const clock = new CityClock();

export const time = (at: string): string => f.timeOfDay(at, clock.locale);
export const when = (at: string): string => f.when(at, clock.now, clock.locale);
export const since = (at: string, until?: string | null): string => f.elapsed(f.secondsBetween(at, until ?? clock.now));
export const dayAndTime = (at: string): string => `${f.day(at, clock.locale)} ${f.timeOfDay(at, clock.locale)}`;
export const num = (n: number): string => f.count(n, texts.language);
