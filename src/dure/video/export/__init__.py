"""Past pictures as a file for an agency: under an approved view ticket, masked, faces and plates blurred, with who
asked for it, when and for which case burnt in, and a signed manifest by which the receiver can tell that nothing was
changed.
"""
