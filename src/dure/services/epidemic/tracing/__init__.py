"""Who was near whom: movements that were asked for and given, and who was at the same place at the same time.

A file of movements is held for a purpose that somebody else approved, and destroyed on its day: the key that hides who
a phone belongs to goes first, so that no copy tells it any more.
"""
