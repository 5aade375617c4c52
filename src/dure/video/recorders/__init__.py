"""Recorders (NVR) that a city had before: their pictures stay with them, and are found and shown as our own.

A recorder is registered by its ONVIF address (Profile G); each of its recordings is some camera's of the registry, or
nobody's. From when until when there are pictures stands in the index; the pictures themselves are taken from the
recorder while somebody looks or an approved export is made, and are kept for no longer.
"""
