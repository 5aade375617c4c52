"""Pictures of cameras: tickets to see them, the relay that shows them live, what was recorded here and on recorders,
masks, exports, and turning.
"""
