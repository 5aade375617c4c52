"""The machines, each behind a narrow face: PostgreSQL, the stream (NATS), the web. The only room that imports their
drivers."""
