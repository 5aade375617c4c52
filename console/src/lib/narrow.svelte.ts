/** Whether the screen is as narrow as a phone's. */
class Narrow {
  yes = $state(false);
  private readonly query = matchMedia('(max-width: 640px)');

  constructor() {
    this.yes = this.query.matches;
    this.query.addEventListener('change', (event) => (this.yes = event.matches));
  }
}

export const narrow = new Narrow();
