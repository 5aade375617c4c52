"""Live and past pictures, view tickets, masks, export. Nothing is shown yet: it comes with the view ticket."""
