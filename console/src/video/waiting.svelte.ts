import { live } from '../lib/live/live.svelte';

/** Video requests that wait for the centre: counted on the incidents that every screen hears of. */
class Waiting {
  readonly incidents = $derived(live.open.filter((one) => (one.video_waiting ?? 0) > 0));
  readonly n = $derived(this.incidents.reduce((sum, one) => sum + (one.video_waiting ?? 0), 0));
  readonly receipts = $derived(this.incidents.map((one) => one.receipt_no).join(', '));
}

export const waiting = new Waiting();
