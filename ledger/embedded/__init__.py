"""A PostgreSQL server of our own, for a ledger that starts with nothing but Python.

`EmbeddedServer` makes the data folder, starts the server, lets several processes share it, and stops it when the last
one leaves. It knows PostgreSQL and nothing of the ledger: roles, schemas and tables come from `ledger.migrations`.
"""

from ledger.embedded.place import EmbeddedServerError
from ledger.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer", "EmbeddedServerError"]
