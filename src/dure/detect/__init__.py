"""Rules over streams of observations that become alarms.

Officials write rules in TOML (`rulefile`), a pure core watches every reading against them (`core`), and the worker
turns what matures into alarms: one PostgreSQL transaction, fenced by the shard's epoch, the input position beside them.
"""
