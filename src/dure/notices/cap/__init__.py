"""Alerts in the Common Alerting Protocol, version 1.2 (OASIS, 1 July 2010; ITU-T X.1303 bis): built, signed, read and
checked without I/O. Where they are published is `notices.publishing`.
"""
