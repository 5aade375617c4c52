"""dure (두레): an open city operations and crisis-response platform.

A fact enters (a sensor, a call, a citizen, a file), becomes an alarm, becomes an incident, is answered by several
agencies together, and ends as a better manual. Rooms import downwards only; see docs/house.md.
"""

__version__ = "0.1.0"
