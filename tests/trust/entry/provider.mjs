// A real OpenID provider (oidc-provider) for the tests: whoever signs in is who they say. Prints its address when it serves.
// POST /-/rotate gives it other keys.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2] ?? 0);
const redirect = process.argv[3];
const told = process.argv[4];
let current = null;

function key() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function made(issuer) {
  const provider = new Provider(issuer, {
    clients: [
      { client_id: 'dure', client_secret: 'a secret of the city', redirect_uris: [redirect], grant_types: ['authorization_code'], response_types: ['code'],
        post_logout_redirect_uris: [new URL('/', redirect).href], backchannel_logout_uri: told, backchannel_logout_session_required: true },
      { client_id: 'public', token_endpoint_auth_method: 'none', redirect_uris: [redirect], grant_types: ['authorization_code'], response_types: ['code'] },
    ],
    jwks: { keys: [key()] },
    cookies: { keys: ['of the tests'] },
    claims: { openid: ['sub'], groups: ['groups'] },
    scopes: ['openid', 'groups'],
    fetch: (url, { dispatcher: _guard, ...options }) => globalThis.fetch(url, options), // the city's mailbox is on this machine
    pkce: { required: () => true },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, groups: id.split('.').slice(1) }) }),
    features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  provider.on('backchannel.error', (_ctx, error) => console.error(error));
  return provider.callback();
}

const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/-/rotate') {
    current = made(`http://localhost:${server.address().port}`);
    response.end('rotated');
  } else current(request, response);
});
server.listen(port, 'localhost', () => {
  const issuer = `http://localhost:${server.address().port}`;
  current = made(issuer);
  console.log(issuer);
});
