"""The engines' own programs on one machine: PostgreSQL and nats-server from wheels, and the supervisor that keeps
them alive."""
