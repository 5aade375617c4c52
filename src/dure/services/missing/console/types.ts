/** Who is missing, as the API shows it. */
interface Masked {
  readonly id: string;
  readonly name: string | null;
  readonly phone: string | null;
}

export interface Sighting {
  readonly id: string;
  readonly at: string;
  readonly source: 'police' | 'camera' | 'guardian' | 'citizen' | 'device';
  readonly lon: number;
  readonly lat: number;
  readonly words: string;
  readonly last: boolean;
}

export interface Case {
  readonly incident_id: string;
  readonly age: number;
  readonly condition: string;
  readonly basis: string;
  readonly document: string | null;
  readonly device_id: string | null;
  readonly told_at: string;
  readonly outcome: string | null;
  readonly ended_at: string | null;
  readonly person: Masked | null;
  readonly guardian: Masked | null;
  readonly photo_at: string | null;
  readonly trail: readonly Sighting[];
  readonly shares: readonly { readonly agency_id: string; readonly from_at: string; readonly until_at: string; readonly ended_at: string | null; readonly views: number }[];
}
