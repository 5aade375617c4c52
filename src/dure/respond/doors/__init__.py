"""Doors: how a hand-off reaches an agency's own system, and how its answer comes back.

Every agency has its screen in dure. One that has a system of its own gets a door besides: signed JSON over HTTPS
(`rest`), or a CAP 1.2 alert in an EDXL-DE envelope (`edxl1`, `edxl2`). What goes out is a row that is committed before
the other side hears of it; what nobody heard the end of is asked after by our own reference. What the agency says comes
back signed, is heard once, and is judged by a pure function (`model.heard`), late and out of order as it may come.
"""
