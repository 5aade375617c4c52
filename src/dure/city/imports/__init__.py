"""Files of the city: each kind is described by one table of fields, checked row by row, previewed, applied and
undone."""
