/** Doors of agencies and what goes out by them, as the API shows them. */
export const doorWays = ['rest', 'edxl1', 'edxl2'] as const;
export type DoorWay = (typeof doorWays)[number];

export interface Door {
  readonly agency_id: string;
  readonly way: DoorWay;
  readonly url: string;
  readonly is_on: boolean;
  readonly drills: boolean;
  readonly earlier_until: string | null;
  readonly last_ok_at: string | null;
  readonly last_fault: string | null;
  readonly last_fault_at: string | null;
  readonly waiting: number;
  readonly dead: number;
  readonly version: number;
}

export interface Letter {
  readonly id: string;
  readonly handoff_id: string;
  readonly incident_id: string;
  readonly receipt_no: string;
  readonly type: string;
  readonly agency_id: string;
  readonly what: 'handoff' | 'message' | 'closed';
  readonly life_safety: boolean;
  readonly status: string;
  readonly reason: string | null;
  readonly tries: number;
  readonly doubled: number;
  readonly next_at: string | null;
  readonly created_at: string;
}
