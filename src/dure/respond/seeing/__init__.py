"""Asking to see an incident's pictures (영상 요청), and deciding on it: what the incident's side of a view ticket is.

The tickets themselves, the dated rules and the register are `dure.video.tickets`.
"""
