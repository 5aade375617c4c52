import { api } from '../lib/api';

/** One of one's own browsers; `this`: the one before us. */
export interface Device {
  readonly id: string;
  readonly label: string;
  readonly made_at: string;
  readonly this: boolean;
}

export interface Devices {
  readonly key: string;
  readonly items: readonly Device[];
}

export const supported = (): boolean => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

const script = (): string => new URL('./push.js', document.baseURI).pathname;

async function subscription(): Promise<PushSubscription | null> {
  if (!supported()) return null;
  const found = await navigator.serviceWorker.getRegistration(script());
  return (await found?.pushManager.getSubscription()) ?? null;
}

/** Own browsers, and whether this is one of them. */
export async function devices(signal?: AbortSignal): Promise<Devices> {
  const here = await subscription();
  return api.get<Devices>('/notices-devices', here === null ? {} : { endpoint: here.endpoint }, signal);
}

/** What the browser calls itself, for telling one's own apart. */
export function browserName(agent: string): string {
  const known: readonly (readonly [RegExp, string])[] = [[/Edg\//, 'Edge'], [/SamsungBrowser/, 'Samsung Internet'], [/Whale\//, 'Whale'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']];
  const systems: readonly (readonly [RegExp, string])[] = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/Linux/, 'Linux']];
  const first = (table: readonly (readonly [RegExp, string])[]): string => table.find(([pattern]) => pattern.test(agent))?.[1] ?? '';
  return [first(known), first(systems)].filter(Boolean).join(' · ') || 'Web';
}

export type Refusal = 'denied' | 'unavailable';

/** Ask the browser, then the city. Called by a press only: nobody is asked for a permission unasked. */
export async function begin(key: string): Promise<Refusal | null> {
  if ((await Notification.requestPermission()) !== 'granted') return 'denied';
  const worker = await navigator.serviceWorker.register(script());
  await navigator.serviceWorker.ready;
  let made: PushSubscription;
  try {
    const old = await worker.pushManager.getSubscription();
    if (old !== null && !sameKey(old, key)) await old.unsubscribe();
    made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch {
    return 'unavailable';
  }
  const told = made.toJSON();
  await api.post('/notices-devices', { endpoint: made.endpoint, keys: { p256dh: told.keys?.['p256dh'] ?? '', auth: told.keys?.['auth'] ?? '' }, label: browserName(navigator.userAgent) });
  return null;
}

function sameKey(made: PushSubscription, key: string): boolean {
  const raw = made.options.applicationServerKey;
  if (raw === null) return false;
  return btoa(String.fromCharCode(...new Uint8Array(raw))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') === key;
}

export async function end(device: Device): Promise<void> {
  await api.remove(`/notices-devices/${device.id}`);
  if (device.this) await (await subscription())?.unsubscribe();
}
