"""Web push: notices to a browser that its owner has asked to be told in (RFC 8030, 8291, 8292).

What travels names a notice and its incident by id, and fixed words; who and where is read from the city itself once
the browser is signed in. What a push service learns is that this city told this browser something, and how urgently.
"""
