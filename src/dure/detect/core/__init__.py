"""The evaluation core: readings and time in, alarms out. No I/O and no clock is read here.

A `Shard` holds one `Track` for each rule and subject; a track has up to three lanes of time. A lane is a small state
machine of one rule kind over one line of time:

- the observed lane runs on the device's time;
- the received lane runs on the door's time beside it, while the two differ by more than 30 s: a wrong clock hides no
  fire;
- the back lane takes what comes after newer readings and is old: it can only give late alarms.
"""
