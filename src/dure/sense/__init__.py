"""Doors for facts: MQTT, HTTP and files come in, payloads become observations, packs go to the stream and to history.

A door decodes a payload, refuses with a reason what it cannot believe, and acknowledges a reading only when the stream
has stored it. What was refused is counted by door, device and reason, without its values. History is Parquet by hour
beside a manifest in PostgreSQL; until a file stands in the manifest the stream is the truth.
"""
