/** Machines that manuals set going, as the API shows them. */
export const machineWays = ['modbus', 'http'] as const;
export type MachineWay = (typeof machineWays)[number];

export interface Machine {
  readonly id: string;
  readonly automation: string;
  readonly name: string;
  readonly way: MachineWay;
  readonly url: string;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly reach_m: number;
  readonly coil: number | null;
  readonly put: boolean | null;
  readonly input: number | null;
  readonly expected: boolean | null;
  readonly within_s: number | null;
  readonly is_on: boolean;
  readonly last_ok_at: string | null;
  readonly last_fault: string | null;
  readonly last_fault_at: string | null;
  readonly version: number;
}
