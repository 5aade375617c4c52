/** How this browser shows live pictures: by a video element (MSE), or painted one by one as they come (WebCodecs). */
export type Way = 'steady' | 'quick';
const remembered = 'dure.video.way';

class Ways {
  /** Only pages that came safely (HTTPS, or this machine) are given a decoder. */
  readonly can = 'VideoDecoder' in globalThis && isSecureContext;
  chosen = $state<Way>(localStorage.getItem(remembered) === 'quick' ? 'quick' : 'steady');
  readonly quick = $derived(this.can && this.chosen === 'quick');

  choose(way: Way): void {
    this.chosen = way;
    localStorage.setItem(remembered, way);
  }
}

export const ways = new Ways();
