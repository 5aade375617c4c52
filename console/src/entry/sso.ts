import { api, Problem } from '../lib/api';

interface GoTo {
  readonly url: string;
}
const heard = 'dure.proof';
const patience = 300_000;

/** Leaves for the city's single sign-on, to come in or to link one's account. */
export async function leaveFor(purpose: 'sign_in' | 'link'): Promise<void> {
  location.assign((await api.post<GoTo>('/sso/start', { purpose })).url);
}

/** Proves oneself at the city's single sign-on in a window beside this one, so that nothing here is lost. */
export async function proveBySso(): Promise<void> {
  const beside = window.open('about:blank', heard, 'width=520,height=680');
  const went = await api.post<GoTo>('/sso/start', { purpose: 'prove' });
  if (beside === null) throw new Problem(0, '', '', 'popup', []);
  const line = new BroadcastChannel(heard);
  try {
    const outcome = await new Promise<string>((resolve) => {
      line.onmessage = (event: MessageEvent<string>) => resolve(event.data);
      setTimeout(() => resolve('expired'), patience);
      beside.location.replace(went.url);
    });
    if (outcome !== 'done') throw new DOMException(outcome, 'AbortError');
  } finally {
    line.close();
  }
}

/** In the window beside: tells the first one how it went, and closes. */
export function tellProof(outcome: string): void {
  const line = new BroadcastChannel(heard);
  line.postMessage(outcome);
  line.close();
  window.close();
}
