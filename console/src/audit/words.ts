import { say } from '../lib/i18n.svelte';

/** What was done, in words; the action itself where no room has words for it. */
export const actionName = (action: string): string => say(`audit.action.${action}`, {}, say(`trust.action.${action}`, {}, action));
export const ruleName = (rule: string): string => say(`trust.audit.rule.${rule}`, {}, rule);
export const verdictName = (verdict: string): string => say(`trust.audit.verdict.${verdict}`, {}, verdict);
