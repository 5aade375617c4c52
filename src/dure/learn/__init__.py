"""After-action reviews, golden times over a period, findings that change manuals, drills, and going through a past
incident by another manual.

An incident that closes is measured and, where the city's policy asks for it, reviewed with the facts filled in. Each
finding is a text of a manual: compared, decided on, published, rehearsed, and in sight until it is closed.
"""
