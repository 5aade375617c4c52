import { api } from '../lib/api';
import { t } from '../lib/i18n.svelte';
import { Resource } from '../lib/resource.svelte';
import { act } from '../lib/toasts.svelte';

export type TicketKind = 'live' | 'past' | 'export';
export type TicketState = 'requested' | 'approved' | 'refused' | 'ended';

export interface Ticket {
  readonly id: string;
  readonly number: number;
  readonly kind: TicketKind;
  readonly state: TicketState;
  readonly incident_id: string;
  readonly receipt_no: string;
  readonly cameras: readonly { readonly id: string; readonly name: string | null }[];
  readonly around: boolean;
  readonly officer_name: string;
  readonly agency_id: string | null;
  readonly agency_name: string | null;
  readonly mine: boolean;
  readonly network: string | null;
  readonly address: string | null;
  readonly purpose: string;
  readonly ground: string | null;
  readonly article: string | null;
  readonly document: string | null;
  readonly past_from: string | null;
  readonly past_until: string | null;
  readonly rule: string | null;
  readonly requested_at: string;
  readonly lasts_s: number;
  readonly decided_at: string | null;
  readonly decided_name: string | null;
  readonly reason: string | null;
  readonly expires_at: string | null;
  readonly ended_at: string | null;
  readonly ended_by: 'expired' | 'revoked' | 'closed' | 'merged' | null;
  readonly ended_name: string | null;
}

export interface TicketTables {
  readonly grounds: readonly { readonly code: string; readonly article: string }[];
}

export interface Request {
  readonly purpose: string;
  readonly live?: boolean;
  readonly past_from?: string;
  readonly past_until?: string;
  readonly export?: boolean;
  readonly camera_ids?: readonly string[];
  readonly ground?: string;
  readonly document?: string;
}

/** The view tickets of one incident, as far as the reader may know of them. */
export class IncidentTickets {
  readonly list: Resource<readonly Ticket[]>;
  readonly mine = $derived.by(() => (this.list.data ?? []).filter((one) => one.mine));
  readonly live = $derived.by(() => this.mine.find((one) => one.kind === 'live' && one.state === 'approved') ?? null);
  readonly waits = $derived.by(() => this.mine.find((one) => one.kind === 'live' && one.state === 'requested') ?? null);
  busy = $state(false);

  constructor(readonly incident: string) {
    this.list = new Resource((signal) => api.get<{ readonly items: readonly Ticket[] }>(`${this.path}`, {}, signal).then((page) => page.items));
  }

  private get path(): string {
    return `/incidents/${encodeURIComponent(this.incident)}/video-tickets`;
  }

  load(): Promise<void> {
    return this.list.load();
  }

  /** Asks; true where it was taken. What opened at once says so, what waits says that. */
  async ask(request: Request): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    let made: readonly Ticket[] = [];
    const said = await act(async () => {
      made = (await api.post<{ readonly items: readonly Ticket[] }>(this.path, request)).items;
    }, null);
    if (said) await act(() => Promise.resolve(), made.every((one) => one.state === 'approved') ? t('video.request.opened', { n: made[0]?.cameras.length ?? 0 }) : t('video.request.sent'));
    await this.load();
    this.busy = false;
    return said;
  }
}

export const decide = (ticket: Ticket, what: 'approve' | 'refuse' | 'revoke', body: Readonly<Record<string, string>>): Promise<boolean> =>
  act(() => api.post(`/video/tickets/${ticket.id}/${what}`, body), t(`video.request.done.${what}`, { n: ticket.number }));
