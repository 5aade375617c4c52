import { randomId } from './id';
import { texts } from './i18n.svelte';
import type { Page } from './types';

/** Where the API is, whichever path the console is served from. */
export const base = new URL('/api/v1', location.origin).pathname;

export interface FieldProblem {
  readonly field: string;
  readonly reason: string;
}

/** A refusal by the server (problem+json), or status 0 when it did not answer at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly code: string,
    readonly fields: readonly FieldProblem[],
    readonly body: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || title);
  }

  get unanswered(): boolean {
    return this.status === 0;
  }
}

interface Asking {
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;
  readonly body?: unknown;
  readonly version?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Called when the session has ended, so that the frame can ask to sign in again. */
export const onSignedOut: { call: () => void } = { call: () => undefined };

/** Called when the server wants a fresh proof that the person is there; true once it was given. */
export const onProofNeeded: { call: () => Promise<boolean> } = { call: () => Promise.resolve(false) };
const sessionOver = ['trust.session.over', 'trust.sign_in.needed'];

async function send(method: string, path: string, asking: Asking = {}, proven = false): Promise<Response> {
  const url = new URL(base + path, location.origin);
  for (const [name, value] of Object.entries(asking.query ?? {})) {
    if (value === null || value === undefined || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  const headers: Record<string, string> = { accept: 'application/json', 'accept-language': texts.language };
  if (method !== 'GET') headers['idempotency-key'] = randomId();
  if (asking.version !== undefined) headers['if-match'] = `W/"${asking.version}"`;
  let body: BodyInit | null = null;
  if (asking.body instanceof FormData) body = asking.body;
  else if (asking.body !== undefined) {
    headers['content-type'] = 'application/json';
    body = JSON.stringify(asking.body);
  }
  let response: Response;
  try {
    response = await fetch(url, { method, headers, body, signal: asking.signal ?? null, credentials: 'same-origin' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, '', '', 'unanswered', []);
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.code === 'trust.step_up.needed' && !proven && (await onProofNeeded.call())) return send(method, path, asking, true);
  if (sessionOver.includes(problem.code)) onSignedOut.call();
  throw problem;
}

async function problemOf(response: Response): Promise<Problem> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    body = {};
  }
  const text = (name: string): string => (typeof body[name] === 'string' ? body[name] : '');
  const listed = body['fields'] ?? body['errors'];
  const fields = Array.isArray(listed) ? listed.map(fieldOf) : [];
  return new Problem(response.status, text('title'), text('detail'), text('key') || text('code') || String(response.status), fields, body);
}

function fieldOf(given: unknown): FieldProblem {
  const one = (given ?? {}) as Record<string, unknown>;
  return { field: String(one['field'] ?? one['pointer'] ?? ''), reason: String(one['reason'] ?? one['detail'] ?? one['message'] ?? '') };
}

async function json<T>(response: Response): Promise<T> {
  return (response.status === 204 ? null : await response.json()) as T;
}

export const api = {
  get: async <T>(path: string, query?: Asking['query'], signal?: AbortSignal): Promise<T> =>
    json<T>(await send('GET', path, { ...(query ? { query } : {}), signal })),
  post: async <T = unknown>(path: string, body?: unknown, version?: number): Promise<T> => json<T>(await send('POST', path, { body, version })),
  put: async <T = unknown>(path: string, body: unknown, version?: number): Promise<T> => json<T>(await send('PUT', path, { body, version })),
  patch: async <T = unknown>(path: string, body: unknown, version?: number): Promise<T> => json<T>(await send('PATCH', path, { body, version })),
  remove: async <T = unknown>(path: string, version?: number): Promise<T> => json<T>(await send('DELETE', path, { version })),
  /** What a request gives as a file. */
  file: async (path: string, body: unknown): Promise<Blob> => (await send('POST', path, { body })).blob(),
  /** A file that is there; where it discloses, the server may want a proof first, which a plain link could not give. */
  download: async (path: string): Promise<Blob> => (await send('GET', path)).blob(),
  /** All pages of a list, up to `most` items. */
  all: async <T>(path: string, query: Record<string, string | number | null> = {}, most = 5000): Promise<T[]> => {
    const out: T[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<T> = await api.get<Page<T>>(path, { limit: 200, ...query, cursor });
      out.push(...page.items);
      cursor = page.next;
    } while (cursor !== null && out.length < most);
    return out;
  },
};
