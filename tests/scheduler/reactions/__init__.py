"""Reactions on a real ledger and on the sandbox of providers."""
