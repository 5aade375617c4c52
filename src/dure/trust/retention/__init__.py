"""What is kept how long and why, and its end.

Rooms contribute kinds of data (`Room.retention`). Each night the work process destroys what is due and not held for an
investigation, batch by batch, and leaves a record of each batch that can be added to and never changed.
"""
