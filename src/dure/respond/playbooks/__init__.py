"""Playbooks: manuals that people read and the platform runs.

`words` is the vocabulary, `model` the plan (`plain` keeps it as JSON), `parse` reads a manual, `check` says whether it
can be carried out, `library` keeps every version.
"""
