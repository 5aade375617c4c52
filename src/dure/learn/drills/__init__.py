"""Drills (훈련): an incident that is not earnest, marked as such everywhere, led by a script and scored."""
