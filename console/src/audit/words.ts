import { say } from '../lib/i18n.svelte';
import type { StoredLine } from './proof';

/** What was done, in words; the action itself where no room has words for it. */
export const actionName = (action: string): string => say(`audit.action.${action}`, {}, say(`trust.action.${action}`, {}, action));
export const ruleName = (rule: string): string => say(`trust.audit.rule.${rule}`, {}, rule);
export const verdictName = (verdict: string): string => say(`trust.audit.verdict.${verdict}`, {}, verdict);

/** What was touched: a case by the number that people know it by. */
export const thingName = (line: StoredLine): string => `${say(`audit.thing.${line.entity}`, {}, line.entity)} ${line.entity_no ?? line.entity_id}`;

const reference = /^(incident|purpose|glass):[0-9a-zA-Z-]+$/;

/** Why, as people read it: codes of the law and of the desks in words. The case that a code names has its own column. */
export function purposeWords(line: StoredLine): string {
  const words = (line.purpose ?? '').split(' ');
  const told: string[] = [];
  const take = (name: (word: string) => string): void => {
    const found = words[0] ? name(words[0]) : '';
    if (found) told.push(found);
    if (found) words.shift();
  };
  if (line.entity === 'glass') {
    take((word) => say(`privacy.reason.${word}`, {}, ''));
    take((word) => say(`privacy.verdict.${word}`, {}, ''));
  } else if (words[0]?.startsWith('pipa.')) {
    take((word) => say(`privacy.ground.${word}`, {}, word));
    take((word) => say(`privacy.code.${word}`, {}, ''));
  }
  while (words[0] !== undefined && reference.test(words[0])) words.shift();
  return [...told, words.join(' ')].filter(Boolean).join(' · ');
}

/** The broken glass under which a line was written, where it was. */
export function glassOf(line: StoredLine): string | null {
  if (line.entity === 'glass') return line.entity_id;
  return line.case_id && line.purpose?.includes(`glass:${line.case_id}`) ? line.case_id : null;
}
