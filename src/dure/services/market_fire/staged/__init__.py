"""Staged verification in a running city: what detection says and what people answer goes into the pure stages
(`verification`), and what they ask for is done: people are asked, 119 is told, somebody is sent.

All that an alarm waits for is a row, and its time a durable wake: a killed process changes nothing but the second.
"""
