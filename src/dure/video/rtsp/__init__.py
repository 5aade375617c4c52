"""Cameras fetched by a client of our own: RTSP 1.0 (RFC 2326), RTP (RFC 3550), H.264 and H.265, into fragmented MP4.

Only the picture is asked for, and only slices of pictures and what describes them are passed on (docs/adr/0015).
"""
