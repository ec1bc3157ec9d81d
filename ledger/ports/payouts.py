"""Pay-outs: bank transfers to customers, and the check of whose account it is."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, Protocol


class BankAccount(NamedTuple):
    """Where money goes: in clear, never for facts or logs.

    Attributes:
        bank: code or name. number: digits. holder: name.
    """

    bank: str
    number: str
    holder: str


class Transfer(NamedTuple):
    """A transfer as the bank has it.

    Attributes:
        status: accepted: the bank will do it; done; failed: definitely not done; returned: it was done and came back;
            absent: never heard of.
        code: of failed and returned: account_closed, account_unreachable; else None.
        at: of the status; None when absent.
    """

    key: str
    status: Literal["accepted", "done", "failed", "returned", "absent"]
    code: str | None = None
    at: datetime | None = None


class TransferChange(NamedTuple):
    """A transfer that changed. number: grows with each change. key: of the transfer; ask `status`."""

    number: int
    key: str


class PayoutPort(Protocol):
    """Sends bank transfers. Source: SPEC 13, R-081."""

    async def verify_holder(self, account: BankAccount) -> Literal["full", "partial", "none"]:
        """Say how well the holder's name is that of the account. Raises: PortUnavailable."""

    async def transfer(self, account: BankAccount, amount_minor: int, currency: str, key: str) -> Transfer:
        """Send money. Idempotent by `key`.

        Raises:
            PortRefused: the key stands for another transfer.
            PortUnavailable: no answer; it may have been done.
        """

    async def status(self, key: str) -> Transfer:
        """Return a transfer as the bank has it. Raises: PortUnavailable."""

    async def changes(self, after: int) -> tuple[TransferChange, ...]:
        """Return at most 500 changes with numbers above `after`, in order. Raises: PortUnavailable."""
