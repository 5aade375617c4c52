import { Problem } from '../lib/api';
import { randomId } from '../lib/id';
import { texts } from '../lib/i18n.svelte';

/** Sends a file and says how much has gone; fetch cannot say that. `stop` gives it up. */
export function upload<T>(url: string, form: FormData, progress: (bytes: number) => void): { answer: Promise<T>; stop: () => void } {
  const request = new XMLHttpRequest();
  const answer = new Promise<T>((resolve, reject) => {
    request.open('POST', url);
    request.setRequestHeader('accept', 'application/json');
    request.setRequestHeader('accept-language', texts.language);
    request.setRequestHeader('idempotency-key', randomId());
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status < 300) resolve(body as T);
      else reject(problemOf(request.status, body));
    };
    request.onerror = () => reject(new Problem(0, '', '', 'unanswered', []));
    request.onabort = () => reject(new DOMException('', 'AbortError'));
    request.send(form);
  });
  return { answer, stop: () => request.abort() };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function problemOf(status: number, body: Record<string, unknown>): Problem {
  const errors = Array.isArray(body['errors']) ? (body['errors'] as Record<string, unknown>[]) : [];
  return new Problem(status, String(body['title'] ?? ''), '', String(body['key'] ?? status), errors.map((e) => ({ field: String(e['field'] ?? ''), reason: String(e['reason'] ?? '') })), body);
}
