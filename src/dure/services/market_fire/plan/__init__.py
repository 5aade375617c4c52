"""The plan of a market: where each stall is, how it stands just now, and whose market it is."""
