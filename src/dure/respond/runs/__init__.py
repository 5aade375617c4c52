"""Runs: a playbook carried out for one incident. A run is rows; `decide` says what follows from them, `interpreter`
commits it.
"""
