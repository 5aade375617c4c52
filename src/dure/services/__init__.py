"""One folder for each city service, its screens and texts included. A service does not know another."""
