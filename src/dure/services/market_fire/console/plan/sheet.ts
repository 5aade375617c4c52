import type { Mark, Ring } from './types';

interface Near {
  readonly id: string;
  readonly name: string;
  readonly zone: string | null;
  readonly shuts: 'gas' | 'electricity' | null;
  readonly works: boolean;
  readonly distance_m: number;
  readonly towards: string;
}
export interface Said {
  readonly device: string;
  readonly stall: string | null;
  readonly rule: Readonly<Record<string, string>>;
  readonly onset_at: string;
  readonly ended_at: string | null;
  readonly seconds: number;
  readonly readings: readonly { readonly property: string; readonly value: number | boolean; readonly unit: string | null; readonly at: string }[];
}
/** The fire station's sheet as it is read. */
export interface SheetRead {
  readonly incident_id: string;
  readonly receipt_no: string;
  readonly signal_at: string;
  readonly reported_at: string | null;
  readonly as_of: string;
  readonly market: { readonly id: string; readonly name: string; readonly address: string | null; readonly phone: string | null };
  readonly stalls: readonly {
    readonly id: string;
    readonly name: string;
    readonly shop: string | null;
    readonly business: string | null;
    readonly fire: string | null;
    readonly owner: { readonly name: string | null; readonly phone: string | null } | null;
  }[];
  readonly says: readonly Said[];
  readonly neighbours: readonly { readonly id: string; readonly name: string; readonly shop: string | null; readonly hazard: string | null; readonly distance_m: number; readonly towards: string }[];
  readonly shutoffs: readonly Near[];
  readonly gates: readonly Near[];
  readonly hydrants: readonly Near[];
  readonly cameras: readonly { readonly id: string; readonly name: string | null; readonly distance_m: number }[];
  readonly plan: {
    readonly stalls: readonly { readonly id: string; readonly number: string; readonly zone: string | null; readonly outline: Ring; readonly role: 'burning' | 'beside' | 'other'; readonly hazard: boolean }[];
    readonly marks: readonly Mark[];
  };
}
