"""Alembic's entry: runs the scripts over the connection that `ledger.migrations.upgrade` has handed in."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table=f"{attributes['line']}_version",
    version_table_schema=attributes["schema"],
)
with context.begin_transaction():
    context.run_migrations()
