"""한빛시 (Hanbit): a made city for first steps, drills and tests. Streets, houses, markets, cameras and people come
from a seed alone; nothing outside is read, and no place, person or number is real. The same seed gives the same bytes.
"""
