"""The city's single sign-on by OpenID Connect: authorization code with PKCE, state and nonce; accounts are linked by
issuer and subject, never by a name or an e-mail address; roles come from it only where the city mapped them.
"""
