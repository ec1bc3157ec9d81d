"""Versions of the vault, in order."""
