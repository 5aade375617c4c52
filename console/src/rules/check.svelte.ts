import { api, Problem } from '../lib/api';
import type { RuleCheck } from '../lib/types';

const pause = 350;

/** Asks the city, as somebody types, whether a text is a rule. */
export class Check {
  state = $state<'asking' | 'ok' | 'wrong' | 'unasked'>('unasked');
  errors = $state.raw<RuleCheck['errors']>([]);

  get ok(): boolean {
    return this.state === 'ok';
  }

  /** Checks after a pause in typing; to be called in an effect. */
  of(toml: string): () => void {
    this.state = 'asking';
    let gone = false;
    const timer = setTimeout(async () => {
      try {
        const answer = await api.post<RuleCheck>('/rules/check', { toml });
        if (gone) return;
        this.errors = answer.errors;
        this.state = answer.ok ? 'ok' : 'wrong';
      } catch (error) {
        if (gone) return;
        this.errors = error instanceof Problem ? error.fields.map((field) => ({ line: 1, field: field.field, reason: field.reason })) : [];
        this.state = error instanceof Problem && error.status === 422 ? 'wrong' : 'unasked';
      }
    }, pause);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }
}
