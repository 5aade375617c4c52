"""Cameras that send one JPEG after the other over HTTP (Motion JPEG, multipart/x-mixed-replace).

The connection is ours, to an address that was judged; only pictures go on to the FFmpeg program, which asks nobody.
"""
