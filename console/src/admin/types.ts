/** Shapes that only the administration's screens know. */
export interface Link {
  readonly url: string;
  readonly token: string;
  readonly expires_in_s: number;
}

/** A role: until when (null: as long as the account), and whether only while on duty. */
export interface RoleGrant {
  readonly role: string;
  readonly until: string | null;
  readonly on_duty: boolean;
}

export interface Account {
  readonly id: string;
  readonly username: string;
  readonly label: string;
  readonly state: 'active' | 'suspended' | 'left';
  readonly roles: readonly string[];
  readonly grants: readonly RoleGrant[];
  readonly agency_id: string | null;
  readonly language: 'ko' | 'en';
  readonly has_password: boolean;
  readonly left_at: string | null;
  readonly shared_suspected_at: string | null;
  readonly signed_in_at: string | null;
  readonly version: number;
  readonly link?: Link;
}

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly agency_id: string | null;
  readonly device_id: string | null;
  readonly networks: readonly string[];
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly used_at: string | null;
  readonly revoked_at: string | null;
  readonly token?: string;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Leaving {
  readonly sessions: number;
  readonly delegations: number;
  readonly duties: number;
  readonly tokens: readonly Named[];
  readonly keys: readonly Named[];
  readonly owns: readonly Named[];
}

export interface Invitation {
  readonly id: string;
  readonly label: string;
  readonly agency_id: string;
  readonly grants: readonly RoleGrant[];
  readonly created_at: string;
  readonly expires_at: string;
  readonly used_at: string | null;
  readonly revoked_at: string | null;
  readonly link?: Link;
}

export interface Duty {
  readonly id: string;
  readonly account_id: string;
  readonly account: string;
  readonly agency_id: string | null;
  readonly kind: 'shift' | 'on_call';
  readonly post: string;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly version: number;
}

export interface Delegation {
  readonly id: string;
  readonly from_label: string;
  readonly to_label: string;
  readonly roles: readonly string[];
  readonly reason: string;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly revoked_at: string | null;
  readonly version: number;
}

export interface Colleague {
  readonly id: string;
  readonly label: string;
}

export interface ServiceAccount {
  readonly id: string;
  readonly name: string;
  readonly agency_id: string;
  readonly owner_id: string;
  readonly owner: string;
  readonly owner_active: boolean;
  readonly purposes: readonly string[];
  readonly networks: readonly string[];
  readonly state: 'active' | 'ended';
  readonly keys: number;
  readonly used_at: string | null;
  readonly version: number;
}

export interface ServiceKey {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly used_at: string | null;
  readonly revoked_at: string | null;
  readonly token?: string;
}

export interface Consumer {
  readonly name: string;
  readonly enabled: boolean;
  readonly position: number;
  readonly lag: number;
  readonly waiting_s: number;
  readonly set_aside: number;
}

export interface Refusal {
  readonly door: string;
  readonly device: string | null;
  readonly code: string;
  readonly reason: string;
  readonly count: number;
  readonly first_at: string;
  readonly last_at: string;
  readonly sample: string;
}

export interface SignedInPlace {
  readonly id: string;
  readonly address: string | null;
  readonly browser: string | null;
  readonly name: string;
  readonly method: string;
  readonly second: boolean;
  readonly created_at: string;
  readonly seen_at: string;
  readonly expires_at: string;
  readonly current: boolean;
}

export const roles = ['admin', 'operator', 'shift_lead', 'police', 'fire', 'disaster', 'welfare', 'epidemic', 'clinician', 'teacher', 'official', 'merchant', 'auditor', 'citizen', 'device', 'service'] as const;
/** Roles that people sign in with; the others are for tokens. */
export const personRoles = roles.filter((role) => role !== 'device' && role !== 'service' && role !== 'citizen');
