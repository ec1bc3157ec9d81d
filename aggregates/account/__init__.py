"""One customer company's money: all money decisions of a company are one decision on this stream (SPEC R-021)."""

from aggregates.account.account import Account

__all__ = ["Account"]
