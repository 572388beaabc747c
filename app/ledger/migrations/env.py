"""Alembic's entry: runs the migrations over the connection and the table prefix it was given."""

from alembic import context

from app.ledger import revisions

config = context.config
prefix = config.attributes["prefix"]
context.configure(
    connection=config.attributes["connection"],
    version_table=revisions.version_table(prefix),
    transactional_ddl=False,
)
with context.begin_transaction():
    context.run_migrations()
