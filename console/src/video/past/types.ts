export interface Stretch {
  readonly start: string;
  readonly end: string;
}
export interface Right extends Stretch {
  readonly ticket: number;
  readonly camera_ids: readonly string[];
  readonly expires_at: string;
}
export interface Bookmark {
  readonly id: string;
  readonly camera_id: string | null;
  readonly at: string;
  readonly note: string | null;
  readonly made_at: string;
  readonly mine: boolean;
}
/** What was recorded of an incident's cameras, and what of it the reader may see. */
export interface Footage {
  readonly cameras: readonly { readonly camera_id: string; readonly spans: readonly Stretch[] }[];
  readonly rights: readonly Right[];
  readonly bookmarks: readonly Bookmark[];
  readonly as_of: string;
}
export interface Opened {
  readonly url: string;
  readonly items: readonly { readonly camera_id: string; readonly ticket: string | null; readonly expires_at: string | null; readonly refused: string | null }[];
}

/** Milliseconds since 1970, both ends. */
export interface Span {
  readonly from: number;
  readonly to: number;
}
export type Shows = 'loading' | 'picture' | 'gap' | 'refused' | 'failed' | 'over';

export const speeds = [0.5, 1, 2, 4, 8] as const;
/** From here on only pictures that stand by themselves are fetched. */
export const fast = 4;
