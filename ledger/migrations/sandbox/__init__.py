"""Versions of the sandbox, in order."""
