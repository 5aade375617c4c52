"""Going through a past incident by another manual: what would have been done when, beside what was. Nothing is done."""
