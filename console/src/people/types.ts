/** A person as the vault shows them: masked, unless opened. What is not known is empty. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  readonly second_phone: string;
  readonly address: string;
  readonly birth_date: string;
  readonly email: string;
  readonly note: string;
  readonly resident_no: string;
  readonly passport_no: string;
  readonly licence_no: string;
  readonly devices: readonly string[];
}

export interface Pair {
  readonly first: Person;
  readonly second: Person;
  readonly score: number;
  readonly why: readonly string[];
  readonly state: PairState;
  readonly kept_id: string | null;
}

export const pairStates = ['open', 'merged', 'different'] as const;
export type PairState = (typeof pairStates)[number];

export interface Destruction {
  readonly id: string;
  readonly kind: string;
  readonly subject_id: string;
  readonly reason: string;
  readonly by: string;
  readonly by_name: string | null;
  readonly ordered_at: string;
  readonly done_at: string | null;
}

export interface Proof {
  readonly subject_id: string;
  readonly ordered_at: string;
  readonly ordered_by: string;
  readonly ordered_by_name: string | null;
  readonly reason: string;
  readonly key_destroyed: boolean;
  readonly records: number;
  readonly index_rows: number;
  readonly ledger_seq: number | null;
  readonly ledger_hash: string | null;
  readonly ledger_whole: boolean;
}

/** A coded purpose of the asker's desk. */
export interface Code {
  readonly code: string;
  readonly kinds: readonly string[];
}

export const findFields = ['name', 'phone', 'resident_no', 'devices'] as const;
