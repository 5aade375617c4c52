"""Live pictures of cameras: a ticket for an open incident's camera, and the relay that shows it. Past pictures,
approvals, masks and exports are not here yet.
"""
