"""The anniversary rule and its parts (SPEC 4)."""

from aggregates.anniversary.rule import AnniversaryRule

__all__ = ["AnniversaryRule"]
