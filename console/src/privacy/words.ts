import { texts, say, t } from '../lib/i18n.svelte';
import type { Ground, Read } from './types';

export const kindsOf = (kinds: readonly string[]): string => kinds.map((kind) => say(`privacy.kind.${kind}`, {}, kind)).join(', ');
export const codeOf = (code: string): string => say(`privacy.code.${code}`, {}, code);
export const reasonOf = (reason: string): string => say(`privacy.reason.${reason}`, {}, reason);

/** A lawful basis as people choose it: what it is, then the article. */
export const groundOf = (ground: Ground): string => `${say(`privacy.ground.${ground.code}`, {}, ground.code)} · ${ground.article}`;

/** Which office it was, in the reader's language; dure itself where no office did it. */
export function officeOf(read: Read): string {
  const name = texts.language === 'en' ? read.agency_name_en : read.agency_name;
  return name ?? t(read.by_system ? 'privacy.own.bySystem' : 'privacy.own.noOffice');
}

/** A local date and time of a form, as the server's UTC time; null where nothing was entered. */
export const utcOf = (local: string): string | null => (local ? new Date(local).toISOString() : null);

/** A time so many days from now, as a form's local date and time. */
export function inDays(days: number): string {
  const at = new Date(Date.now() + days * 86_400_000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
