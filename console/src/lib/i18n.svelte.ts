import type ko from '../locale/ko.json';
import { format, type Params } from './message';

export type Language = 'ko' | 'en';
export type Key = keyof typeof ko;
export const languages: readonly Language[] = ['ko', 'en'];
const remembered = 'dure.language';

const catalogues: Record<Language, () => Promise<{ default: Record<string, string> }>> = {
  ko: () => import('../locale/all.ko'),
  en: () => import('../locale/all.en'),
};

class Texts {
  language = $state<Language>('ko');
  messages = $state.raw<Record<string, string>>({});

  /** Loads a language; the screen changes at once, without a reload. */
  async use(language: Language): Promise<void> {
    this.messages = (await catalogues[language]()).default;
    this.language = language;
    document.documentElement.lang = language;
    localStorage.setItem(remembered, language);
  }

  preferred(): Language {
    const kept = localStorage.getItem(remembered);
    if (kept === 'ko' || kept === 'en') return kept;
    return navigator.language.startsWith('ko') || !navigator.language ? 'ko' : navigator.languages.some((l) => l.startsWith('ko')) ? 'ko' : 'en';
  }
}

export const texts = new Texts();

/** A text of the console's own catalogue; the compiler knows every key. */
export function t(key: Key, params?: Params): string {
  return say(key, params);
}

/** A text by a key known only at run time (a room's or service's). The key itself, or `otherwise`, where no catalogue has it. */
export function say(key: string, params?: Params, otherwise?: string): string {
  const message = texts.messages[key];
  return message === undefined ? (otherwise ?? key) : format(message, texts.language, params);
}

/** Whether any catalogue has the key. */
export function has(key: string): boolean {
  return texts.messages[key] !== undefined;
}
