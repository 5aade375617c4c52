"""Turning cameras: the control room's people alone, within what a camera was registered for, and written down."""
