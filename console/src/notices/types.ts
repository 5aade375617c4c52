export const statuses = ['queued', 'sent', 'delivered', 'failed', 'unknown', 'refused'] as const;
export type NoticeStatus = (typeof statuses)[number];
export const channels = ['sms', 'lms', 'voice', 'email', 'push'] as const;
export type NoticeChannel = (typeof channels)[number];

/** A notice as lists show it: to whom is masked. */
export interface Notice {
  readonly id: string;
  readonly channel: NoticeChannel;
  readonly to: string;
  readonly template: string;
  readonly language: string;
  readonly bytes: number;
  readonly life_safety: boolean;
  readonly incident_id: string | null;
  readonly wanted_by: string;
  readonly status: NoticeStatus;
  readonly reason: string | null;
  readonly tries: number;
  readonly doubled: number;
  readonly next_at: string | null;
  readonly created_at: string;
  readonly sent_at: string | null;
  readonly ended_at: string | null;
  readonly acknowledged_at: string | null;
  readonly call_at: string | null;
  readonly version: number;
}

export interface NoticeDetail extends Notice {
  readonly attempts: readonly { readonly started_at: string; readonly ended_at: string | null; readonly outcome: string | null; readonly code: string | null }[];
}

export interface Template {
  readonly id: string;
  readonly language: 'ko' | 'en';
  readonly subject: string;
  readonly body: string;
  readonly values: readonly string[];
  readonly own: boolean;
  readonly version: number;
}

export interface Preview {
  readonly channel: NoticeChannel;
  readonly subject: string;
  readonly text: string;
  readonly bytes: number;
  readonly most: number | null;
  readonly fits: boolean;
  readonly replaced: readonly { readonly from: string; readonly to: string }[];
  readonly rare: readonly string[];
  readonly missing: readonly string[];
}
