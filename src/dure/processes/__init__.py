"""The processes of one city, each started by the supervisor as `python -m dure.processes.<name>`."""
