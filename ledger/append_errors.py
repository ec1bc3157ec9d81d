"""What can go wrong with an append, told apart by what is known to be stored."""

from __future__ import annotations

import psycopg

_REFUSALS_OF_THE_DATABASE = (
    psycopg.errors.DiskFull,
    psycopg.errors.OutOfMemory,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
)


class Clash(Exception):
    """Another writer was first at one of the versions, has moved what was only read, or one of the keys is known.

    Nothing of the batch was stored.
    """


class Lost(Exception):
    """The connection went away or did not answer in time: the batch may or may not have been stored."""


class StoreRefused(Exception):
    """The database took nothing and would not take it now: disk full, read-only, out of memory."""


def told_apart(error: Exception) -> Exception:
    """Return what an error of the driver's or the database's means; the error itself where it should not happen."""
    if isinstance(error, psycopg.errors.UniqueViolation | psycopg.errors.SerializationFailure):
        return Clash(str(error))
    if isinstance(error, _REFUSALS_OF_THE_DATABASE):
        return StoreRefused(type(error).__name__)
    if isinstance(error, TimeoutError):
        return Lost("no answer in time")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | OSError):
        return Lost(type(error).__name__)
    return error
