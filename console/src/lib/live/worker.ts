import { Link, type LinkSaid, type Said } from './link';
import { apply, fromSnapshot, type LiveState, toSnapshot } from './reducer';

/** One link for all tabs of this browser. A tab that joins later gets the state as it is, without asking the server. */
export type Asked = { readonly kind: 'join' | 'restart' | 'retry' | 'stop' | 'leave'; readonly base: string };

interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const scope = self as unknown as SharedScope;
const ports = new Set<MessagePort>();
let link: Link | null = null;
let state: LiveState | null = null;
let lastLink: LinkSaid | null = null;

function tell(said: Said): void {
  if (said.kind === 'snapshot') state = fromSnapshot(said.snapshot);
  if (said.kind === 'changes' && state) state = apply(state, said.changes);
  if (said.kind === 'link') lastLink = said;
  for (const port of ports) port.postMessage(said);
}

function answer(port: MessagePort, asked: Asked): void {
  switch (asked.kind) {
    case 'join':
      if (!link || lastLink?.state === 'refused') begin(asked.base);
      else {
        if (state) port.postMessage({ kind: 'snapshot', snapshot: toSnapshot(state, ''), heardAt: 0, took: 0 } satisfies Said);
        if (lastLink) port.postMessage(lastLink);
      }
      break;
    case 'restart':
      begin(asked.base);
      break;
    case 'retry':
      link?.retry();
      break;
    case 'stop':
      link?.stop();
      link = null;
      state = null;
      break;
    case 'leave':
      ports.delete(port);
  }
}

function begin(base: string): void {
  link?.stop();
  state = null;
  lastLink = null;
  link = new Link(base, tell);
  link.start();
}

scope.onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  ports.add(port);
  port.onmessage = (message: MessageEvent<Asked>) => answer(port, message.data);
};
