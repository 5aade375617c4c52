import { api, Problem } from '../lib/api';
import { grouped, type Wanted } from './together';

/** The right to see one camera: where its picture comes from, and the ticket to be said there first. */
export interface Opening {
  readonly url: string;
  readonly ticket: string;
  readonly expires_at: string;
}
interface Given extends Opening {
  readonly beside: readonly { readonly camera_id: string; readonly ticket: string; readonly expires_at: string }[];
}
interface Waiting {
  readonly wanted: Wanted;
  readonly given: (opening: Opening) => void;
  readonly refused: (error: unknown) => void;
}

const remembered = 'dure.video.relay';
let waiting: Waiting[] = [];

/** Asks for the right to see a camera; what one screen wants at the same moment goes to the server as one request. */
export function ask(wanted: Wanted): Promise<Opening> {
  return new Promise((given, refused) => {
    if (waiting.length === 0) queueMicrotask(flush);
    waiting.push({ wanted, given, refused });
  });
}

/** A connection that is made while the right is asked for: nothing is said there before its ticket has come. */
export function early(): WebSocket | null {
  const url = localStorage.getItem(remembered);
  try {
    return url ? joined(url) : null;
  } catch {
    localStorage.removeItem(remembered);
    return null;
  }
}

/** The connection for an opening: the one that was made early where that leads there, else a new one. */
export function connection(opening: Opening, made: WebSocket | null): WebSocket {
  const same = made !== null && localStorage.getItem(remembered) === opening.url && made.readyState <= WebSocket.OPEN;
  if (same) return made;
  made?.close();
  localStorage.setItem(remembered, opening.url);
  return joined(opening.url);
}

function joined(url: string): WebSocket {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  return socket;
}

function flush(): void {
  const all = waiting;
  waiting = [];
  for (const group of grouped(all)) void together(group);
}

async function together(group: readonly Waiting[]): Promise<void> {
  const [first, ...rest] = group;
  if (!first) return;
  const { camera, incident, purpose, own } = first.wanted;
  const beside = rest.map((one) => one.wanted.camera);
  const body = { camera_id: camera, purpose, ...(incident === null ? {} : { incident_id: incident }), ...(beside.length > 0 ? { beside } : {}) };
  try {
    const given = await api.post<Given>(own ? '/video/watch' : '/video/openings', body);
    first.given(given);
    for (const one of rest) {
      const found = given.beside.find((other) => other.camera_id === one.wanted.camera);
      if (found) one.given({ url: given.url, ticket: found.ticket, expires_at: found.expires_at });
      else one.refused(new Problem(0, '', '', 'unanswered', []));
    }
  } catch (error) {
    // One of them may not be seen, or has no picture: each asks for itself then, and learns why.
    if (rest.length > 0 && error instanceof Problem && (error.status === 403 || error.status === 409)) for (const one of group) void together([one]);
    else for (const one of group) one.refused(error);
  }
}
