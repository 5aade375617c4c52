"""Putting a detector into use, on a phone in the market: scan it, place it on the stall, press its test button, see it
arrive. Nothing is done until it was heard, and all of it can be undone.
"""
