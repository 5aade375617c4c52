import { api, Problem } from '../lib/api';
import type { Checked, Fault, TextLanguage } from './types';

const pause = 350;

/** Asks the city, as somebody types, whether a text is a manual that can be carried out. */
export class Check {
  state = $state<'asking' | 'ok' | 'wrong' | 'unasked'>('unasked');
  faults = $state.raw<readonly Fault[]>([]);
  steps = $state(0);

  /** Checks after a pause in typing; to be called in an effect. */
  of(language: TextLanguage, text: string, twin: string | null): () => void {
    this.state = 'asking';
    let gone = false;
    const timer = setTimeout(async () => {
      try {
        const answer = await api.post<Checked>('/playbooks/check', { language, text, ...(twin ? { twin } : {}) });
        if (gone) return;
        this.faults = answer.faults;
        this.steps = answer.steps;
        this.state = answer.ok ? 'ok' : 'wrong';
      } catch (error) {
        if (gone) return;
        this.faults = error instanceof Problem ? error.fields.map((field) => ({ line: 1, column: 1, length: 0, key: error.code, reason: field.reason })) : [];
        this.state = error instanceof Problem && error.status === 422 ? 'wrong' : 'unasked';
      }
    }, pause);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }
}
