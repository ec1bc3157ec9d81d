"""Versions of the ledger's schema, in order."""
