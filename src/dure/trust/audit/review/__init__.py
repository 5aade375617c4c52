"""The monthly look at the log: what is odd in it, and a person's word on each finding.

개인정보의 안전성 확보조치 기준 제8조제2항: access records are looked at regularly, and the reason of each download of
personal data is confirmed.
"""
