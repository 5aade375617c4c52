/** What the browser's own passkey API takes and gives, in the JSON that the server speaks (base64url for bytes). */
type Json = Record<string, unknown>;
interface Described {
  readonly id: string;
  readonly transports?: AuthenticatorTransport[];
}

export interface Challenge {
  readonly challenge: string;
  readonly options: Json;
}

export interface Offered {
  readonly offered: boolean;
  readonly why: 'address' | 'insecure' | null;
  readonly origin: string | null;
}

/** Why passkeys cannot be used at this address in this browser; null where they can. */
export function whyNot(offered: Offered): 'address' | 'insecure' | 'elsewhere' | 'browser' | null {
  if (!offered.offered) return offered.why ?? 'address';
  if (offered.origin !== location.origin) return 'elsewhere';
  return typeof PublicKeyCredential === 'undefined' ? 'browser' : null;
}

/** Whether passkeys can be offered in the field of the account's name, before anything is pressed. */
export async function canFill(): Promise<boolean> {
  return (await PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false;
}

/** Makes a passkey. Throws what the browser throws, a `NotAllowedError` where the person let it be. */
export async function make(options: Json): Promise<Json> {
  const user = options['user'] as { id: string; name: string; displayName: string };
  const excluded = (options['excludeCredentials'] as Described[] | undefined) ?? [];
  const publicKey = { ...options, challenge: bytes(String(options['challenge'])), user: { ...user, id: bytes(user.id) }, excludeCredentials: excluded.map(described) };
  const made = (await navigator.credentials.create({ publicKey: publicKey as unknown as PublicKeyCredentialCreationOptions })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return shown(made, { clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] });
}

/** Uses a passkey; with `fill` the browser offers it in the field of the account's name, until `signal` ends that. */
export async function use(options: Json, fill?: AbortSignal): Promise<Json> {
  const allowed = (options['allowCredentials'] as Described[] | undefined) ?? [];
  const publicKey = { ...options, challenge: bytes(String(options['challenge'])), allowCredentials: allowed.map(described) } as unknown as PublicKeyCredentialRequestOptions;
  const used = (await navigator.credentials.get({ publicKey, ...(fill ? { mediation: 'conditional', signal: fill } : {}) })) as PublicKeyCredential;
  const response = used.response as AuthenticatorAssertionResponse;
  return shown(used, {
    clientDataJSON: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: response.userHandle ? text(response.userHandle) : null,
  });
}

/** Whether the person let it be or took too long: nothing to tell them. */
export function letBe(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'AbortError');
}

function shown(credential: PublicKeyCredential, response: Json): Json {
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

function described(one: Described): PublicKeyCredentialDescriptor {
  return { type: 'public-key', id: bytes(one.id), ...(one.transports ? { transports: one.transports } : {}) };
}

function bytes(encoded: string): Uint8Array<ArrayBuffer> {
  const plain = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
