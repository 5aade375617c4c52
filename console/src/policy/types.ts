/** Answers of `GET /policy/who`. */
export interface PolicyAction {
  readonly action: string;
  readonly text: string;
  readonly needs: readonly Need[];
  readonly shared: boolean;
}

export type Need = 'purpose' | 'network' | 'account' | 'step_up';

export interface RoleAnswer {
  readonly role: string;
  readonly may: boolean;
  readonly why: string;
  readonly why_text: string;
}

export interface AskerAnswer {
  readonly kind: 'account' | 'token';
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly agency_id: string | null;
  readonly agency_name: string | null;
  readonly standing: 'active' | 'expired' | 'suspended' | 'shared';
  readonly may: boolean;
  readonly why_text: string;
}

export interface WhoAnswer {
  readonly as_of: string;
  readonly action: PolicyAction;
  readonly actions: readonly PolicyAction[];
  /** Null where it is the city's, whoever asks. */
  readonly agencies: readonly string[] | null;
  readonly field_of: readonly string[];
  readonly roles: readonly RoleAnswer[];
  readonly items: readonly AskerAnswer[];
  readonly next: string | null;
}

/** What can be asked about, by the name that the API gives it. */
export const entities = ['incident', 'camera', 'person', 'device', 'alarm', 'import'] as const;
export type Entity = (typeof entities)[number];
