"""How Alembic reaches the database: through the connection that holds the lock."""

from alembic import context

from dure.engine.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
