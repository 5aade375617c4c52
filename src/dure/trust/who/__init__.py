"""People of the agencies and their machines: joining, moving, leaving; roles with an end, duties, delegations, service
accounts with several keys, and what ends a right everywhere within a second.
"""
