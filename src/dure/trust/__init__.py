"""Who may do what, and the proof: people and agencies, sign-in, sessions, tokens, policy, the audit log, the person
vault.

Other rooms ask for a principal (`trust.web.require`), list who may do what (`policy.GRANTS` of each room), leave a
line of what was done (`trust.audit.record`), and keep the id of a person whose name only the vault knows
(`trust.vault`).
"""
