"""Quarantine of contacts (자가격리): who stays at home until when, which officer (전담공무원) looks after whom and
why, the self-check by a link twice a day, and what happens when nobody answers.
"""
