"""A sample epidemic: made by code, with Daegu's published daily totals and nobody real in it, and played day by day."""
