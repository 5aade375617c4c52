"""Whether detectors are fit for a fire: silent, weak, at fault, or due for change, each with its reasons."""
