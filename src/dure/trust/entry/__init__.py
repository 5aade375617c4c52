"""Ways into the city: passkeys, passwords with a second factor, recovery codes, the city's single sign-on; and the
fresh proof that a session gives before something is disclosed.

A way in ends in `door.enter`, which opens a session or asks for the second factor first. What a session may do, the
policy says, not how it was opened.
"""
