"""Mirrors the house: one folder a package."""
