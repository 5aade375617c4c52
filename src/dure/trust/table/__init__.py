"""The readable table of who may do what, and the answer to "who could see this, and why?" in its words."""
