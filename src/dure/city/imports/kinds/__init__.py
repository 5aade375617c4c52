"""The city's own kinds of files, one file each."""
