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

export const warningKinds = ['critical', 'urgent', 'safety'] as const;
export interface WarningStep {
  readonly act: 'draft' | 'change' | 'submit' | 'approve' | 'reject' | 'sent';
  readonly name: string;
  readonly at: string;
  readonly reason?: string;
  readonly authority?: string;
  readonly sent_at?: string;
  readonly areas?: string;
  readonly document_no?: string;
}

/** A public warning (재난문자) on its way to whoever sends it. */
export interface Warning {
  readonly id: string;
  readonly kind: (typeof warningKinds)[number];
  readonly areas: readonly string[];
  readonly text: string;
  readonly status: 'draft' | 'reviewing' | 'approved' | 'rejected' | 'sent';
  readonly characters: number;
  readonly most: number;
  readonly limit_source: string;
  readonly fits: boolean;
  readonly steps: readonly WarningStep[];
  readonly incident_id: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: number;
}

/** A CAP alert without its XML. */
export interface CapAlert {
  readonly id: string;
  readonly identifier: string;
  readonly sender: string;
  readonly sent: string;
  readonly msg_type: 'Alert' | 'Update' | 'Cancel';
  readonly status: string;
  readonly root_id: string;
  readonly expires_at: string;
  readonly made_by: string;
}

export interface Rule {
  readonly begins: string;
  readonly quiet_from: string;
  readonly quiet_until: string;
  readonly per_number_hour: number;
  readonly per_city_minute: number;
  readonly source: string;
}

export interface Contact {
  readonly id: string;
  readonly medium: 'text' | 'email' | 'push';
  readonly masked: string;
  readonly made_at: string;
}
