import { elapsed } from '../lib/format';
import { t } from '../lib/i18n.svelte';
import type { FindingState, ReviewState } from './types';

type Tone = 'plain' | 'accent' | 'good' | 'warn' | 'bad' | 'info';
export const reviewTone: Readonly<Record<ReviewState, Tone>> = { open: 'warn', written: 'info', closed: 'plain' };
export const findingTone: Readonly<Record<FindingState, Tone>> = { open: 'plain', proposed: 'warn', declined: 'bad', published: 'info', rehearsed: 'accent', closed: 'plain' };

/** Seconds as a clock, or that there are too few measurements to say. */
export const spent = (seconds: number | null): string => (seconds === null ? t('learning.clocks.few') : elapsed(seconds));
