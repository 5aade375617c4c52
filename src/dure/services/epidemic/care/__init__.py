"""Triage and beds (중증도 분류와 병상 배정): how ill somebody is by the table of the day, which bed is theirs and why,
who waits at home for one and when somebody last spoke with them, and when they may go home.

A bed is one of many alike in a ward; who lies in it is known by the number of the case.
"""
