import type { Offered } from '../lib/passkey';
import { texts } from '../lib/i18n.svelte';

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly backed_up: boolean;
  readonly created_at: string;
  readonly used_at: string | null;
}

export interface Identity {
  readonly id: string;
  readonly issuer: string;
  readonly linked_at: string;
  readonly used_at: string | null;
}

export interface Names {
  readonly ko: string;
  readonly en: string;
}

/** How one signs in oneself. */
export interface MyWays {
  readonly passkeys: readonly Passkey[];
  readonly totp_since: string | null;
  readonly recovery: { readonly left: number; readonly made_at: string | null };
  readonly identities: readonly Identity[];
  readonly has_password: boolean;
  readonly demand: 'offered' | 'when_set_up' | 'required';
  readonly missing: boolean;
  readonly prove: readonly string[];
  readonly offered: Offered;
  readonly sso: Names | null;
}

export function ssoName(sso: Names): string {
  return sso[texts.language];
}
