"""Incidents: what people must handle, from the first signal or call to its close.

An alarm or a report opens an incident or joins one that already stands for the same thing; the incident gets a
receipt number, its golden-time clocks, the cameras around it and a timeline that writes itself; operators acknowledge
it, hand it to agencies and close it as real, false or a drill. Duplicates merge and can be unmerged, and nothing is
lost on the way.
"""
