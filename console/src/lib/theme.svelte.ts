export type Theme = 'dark' | 'light' | 'system';
const remembered = 'dure.theme';

/** Dark, light, or as the machine says. `shown` is what is on the screen now. */
class Themes {
  chosen = $state<Theme>('system');
  shown = $state<'dark' | 'light'>('dark');
  private readonly system = matchMedia('(prefers-color-scheme: light)');

  constructor() {
    const kept = localStorage.getItem(remembered);
    if (kept === 'dark' || kept === 'light') this.chosen = kept;
    this.system.addEventListener('change', () => this.apply());
    this.apply();
  }

  choose(theme: Theme): void {
    this.chosen = theme;
    localStorage.setItem(remembered, theme);
    this.apply();
  }

  private apply(): void {
    this.shown = this.chosen === 'system' ? (this.system.matches ? 'light' : 'dark') : this.chosen;
    document.documentElement.dataset['theme'] = this.shown;
  }
}

export const theme = new Themes();
