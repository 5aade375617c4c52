import { say } from '../lib/i18n.svelte';
import type { NoticeStatus, Warning } from './types';

type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'info';
const tones: Readonly<Record<NoticeStatus, Tone>> = { queued: 'plain', sent: 'info', delivered: 'good', failed: 'bad', unknown: 'warn', refused: 'bad' };

export const toneOf = (status: NoticeStatus): Tone => tones[status];

/** Why it waits or did not go out; a gateway's own code is shown as it is. */
export const reasonOf = (reason: string | null): string => (reason === null ? '' : say(`notices.reason.${reason}`, {}, reason));

const warningTones: Readonly<Record<Warning['status'], Tone>> = { draft: 'plain', reviewing: 'info', approved: 'good', rejected: 'bad', sent: 'good' };

export const toneOfWarning = (status: Warning['status']): Tone => warningTones[status];
