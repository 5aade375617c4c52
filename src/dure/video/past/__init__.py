"""Past pictures: what recorded cameras sent, written as it came, found again by the wall clock, and gone with its time.

A recording is one file of a few minutes: the stream's initialisation segment, the camera's id, and then each picture
as it came, behind a box that says when (`prft`, ISO/IEC 14496-12, 8.16.5). It is an ordinary fragmented MP4. What is
written is whole up to its last picture, whatever ended the process; the index in PostgreSQL is read from it again.
"""
