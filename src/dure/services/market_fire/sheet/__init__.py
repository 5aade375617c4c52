"""The fire station's sheet: which stall burns, whose it is, what is beside it, the way in, and what has said so."""
