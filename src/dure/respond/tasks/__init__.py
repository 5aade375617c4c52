"""임무: what is asked of a person, an agency or a role about an incident, by when, and what came of it. One table for
what a manual's step asks, what people ask, and what dure asks by itself.
"""
