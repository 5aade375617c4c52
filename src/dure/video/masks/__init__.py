"""Masks: parts of a camera's picture that nobody sees, covered on the server, once a camera (personal information
protection standards: windows of homes are no business of a street's camera).

Viewers, the wall, the past and exports get masked pieces only; no browser is ever sent what lies beneath. Two people
together lift a mask for one incident and a few minutes.
"""
