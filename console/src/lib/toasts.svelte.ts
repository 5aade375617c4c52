import { Problem } from './api';
import { say, t } from './i18n.svelte';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'done' | 'bad' | 'new';
  readonly undo?: () => void | Promise<void>;
}

const shownFor = 6000;
const shownForUndo = 12_000;

class Toasts {
  list = $state.raw<readonly Toast[]>([]);
  private last = 0;

  show(text: string, options: { tone?: Toast['tone']; undo?: () => void | Promise<void> } = {}): void {
    this.last += 1;
    const id = this.last;
    const toast: Toast = { id, text, tone: options.tone ?? 'done', ...(options.undo ? { undo: options.undo } : {}) };
    this.list = [...this.list.slice(-3), toast];
    if (toast.tone !== 'bad') setTimeout(() => this.drop(id), options.undo ? shownForUndo : shownFor);
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();

/** What to tell a person about a failure, in words they can act on. */
export function explain(error: unknown): string {
  if (error instanceof Problem) {
    if (error.unanswered) return t('problem.unanswered');
    const fields = error.fields.map((f) => (f.field ? `${f.field}: ${f.reason}` : f.reason)).filter(Boolean);
    return [error.detail || error.title || say(`problem.${error.status}`, {}, t('problem.other', { code: error.code })), ...fields].join(' · ');
  }
  return t('problem.other', { code: error instanceof Error ? error.message : '' });
}

/** Does something and says so; a failure is said too, never lost. Answers whether it was done. */
export async function act(work: () => Promise<unknown>, done: string | null, undo?: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    if (done !== null) toasts.show(done, undo ? { undo: async () => void (await act(undo, t('toast.undone'))) } : {});
    return true;
  } catch (error) {
    toasts.show(explain(error), { tone: 'bad' });
    return false;
  }
}

