"""The report of a night (상황보고): figures as they were known at a moment, compared with the night before, and made
again for any past one.
"""
