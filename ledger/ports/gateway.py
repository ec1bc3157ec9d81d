"""The payment gateway: cards, bank transfers and virtual accounts through which customers pay in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from ledger.ports.billing_keys import BillingKeys

Method = Literal["card", "transfer", "virtual_account"]

GatewayStatus = Literal[
    "absent", "ready", "in_progress", "waiting_for_deposit", "done", "canceled", "partial_canceled", "aborted",
    "expired",
]  # fmt: skip
"""States of a payment at the gateway, by the names gateways use; absent = it has never heard of the key."""


class VirtualAccount(NamedTuple):
    """Where a customer shall pay in: for the vault, not for facts."""

    bank: str
    number: str


class Deposit(NamedTuple):
    """Money that arrived on a virtual account. number: 1, 2, ... on that account."""

    number: int
    amount_minor: int
    at: datetime


class TakenBack(NamedTuple):
    """Money of a payment that was taken back without our asking.

    Attributes:
        number: 1, 2, ... on that payment.
        why: chargeback: by the card company; gateway_cancel: by the gateway itself.
    """

    number: int
    amount_minor: int
    at: datetime
    why: Literal["chargeback", "gateway_cancel"]


class GatewayPayment(NamedTuple):
    """A payment as the gateway has it.

    Attributes:
        key: ours.
        amount_minor: what was asked for; 0 when absent.
        cancelled_minor: given back because we asked.
        code: why it was aborted, e.g. declined; else None.
        paid_at: when it was done; None before, and for virtual accounts (see `deposits`).
        virtual_account: where to pay in; None for other methods.
        deposits, taken_back: all so far, in order.
    """

    key: str
    status: GatewayStatus
    amount_minor: int = 0
    cancelled_minor: int = 0
    code: str | None = None
    paid_at: datetime | None = None
    virtual_account: VirtualAccount | None = None
    deposits: tuple[Deposit, ...] = ()
    taken_back: tuple[TakenBack, ...] = ()


class GatewayCancel(NamedTuple):
    """What became of a cancellation.

    Attributes:
        status: done; refused: nothing was given back, for `code`; absent: never heard of.
        code: of a refusal: partial_cancel_unsupported, exceeds_payment, payment_unknown; else None.
    """

    status: Literal["done", "refused", "absent"]
    code: str | None = None


class GatewayChange(NamedTuple):
    """A payment that changed. number: grows with each change. key: of the payment; ask `status`."""

    number: int
    key: str


class PaymentGateway(Protocol):
    """Takes payments. Source: SPEC 13, R-062, R-064, R-065, R-068."""

    @property
    def billing_key(self) -> BillingKeys:
        """Return what keeps cards to charge them again."""

    async def authorize(self, key: str, amount_minor: int, currency: str, method: Method) -> GatewayPayment:
        """Reserve money on a customer's card or bank account. Idempotent by `key`.

        Raises:
            PortRefused: the key stands for another payment.
            PortUnavailable: no answer; it may have been done.
        """

    async def capture(self, key: str) -> GatewayPayment:
        """Take what was authorized, all of it. Idempotent.

        Raises:
            PortRefused: there is no authorized payment under this key.
            PortUnavailable: no answer; it may have been done.
        """

    async def issue_virtual_account(
        self, key: str, amount_minor: int, currency: str, expires_on: date
    ) -> GatewayPayment:
        """Give a customer an account to pay in to, until the end of `expires_on` in Seoul. Idempotent by `key`.

        Raises: as `authorize`.
        """

    async def close_virtual_account(self, key: str) -> GatewayPayment:
        """Let a virtual account take no more money; one that has its money stays as it is. Idempotent.

        Returns: the payment: expired, once it is closed; done, where the money was there.

        Raises:
            PortRefused: there is no virtual account under this key.
            PortUnavailable: no answer; it may have been done.
        """

    async def status(self, key: str) -> GatewayPayment:
        """Return a payment as the gateway has it. Raises: PortUnavailable."""

    async def cancel(self, payment_key: str, amount_minor: int, key: str) -> GatewayCancel:
        """Give a payment back, whole or in part. Idempotent by `key`.

        Raises:
            PortRefused: the key stands for another cancellation.
            PortUnavailable: no answer; it may have been done.
        """

    async def cancel_status(self, key: str) -> GatewayCancel:
        """Return what became of `cancel` under this key. Raises: PortUnavailable."""

    async def net_cancel(self, key: str) -> GatewayPayment:
        """Undo a payment whose answer was lost: whatever became of it, it is not taken. Possible for an hour.

        A payment that the gateway has never heard of is refused by it from then on.

        Raises: PortUnavailable: no answer.
        """

    async def changes(self, after: int) -> tuple[GatewayChange, ...]:
        """Return at most 500 changes with numbers above `after`, in order. Raises: PortUnavailable."""
