import { clock } from './clock.svelte';
import { live } from './live/live.svelte';
import { sound } from './sound.svelte';

/** Tasks whose deadline passes call once, wherever in the console somebody is. */
class Late {
  readonly incidents = $derived(live.open.filter((incident) => incident.task_due_at != null && Date.parse(incident.task_due_at) < clock.now.getTime()));
  private readonly known = new Set<string>();
  private begun = false;

  /** To be called in an effect. What was late before this screen began is shown and does not call. */
  call(): void {
    if (!live.ready) return;
    for (const incident of this.incidents) {
      const one = `${incident.id} ${incident.task_due_at}`;
      if (this.known.has(one)) continue;
      this.known.add(one);
      if (this.begun) sound.late();
    }
    this.begun = true;
  }
}

export const late = new Late();
