"""Billing keys: a customer's card, kept by the gateway under a name with which it can be charged again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from ledger.ports.gateway import GatewayPayment

BillingKeyStatus = Literal["absent", "active", "refused", "deleted"]
"""absent = the gateway has never heard of the key of the registration."""


class BillingKey(NamedTuple):
    """A registration as the gateway has it.

    Attributes:
        key: ours, of the registration.
        billing_key: what is charged; a secret, for the vault alone. None unless active.
        card: what people may see of the card, e.g. "Sandbox Card *1234". None unless active.
        code: why it was refused, else None.
    """

    key: str
    status: BillingKeyStatus
    billing_key: str | None = None
    card: str | None = None
    code: str | None = None


class BillingKeys(Protocol):
    """Keeps cards. Source: SPEC 13."""

    async def register(self, key: str, token: str) -> BillingKey:
        """Turn the one-time token of the gateway's own page into a billing key. Idempotent by `key`.

        Raises:
            PortRefused: the key stands for another token.
            PortUnavailable: no answer; it may have been done.
        """

    async def status(self, key: str) -> BillingKey:
        """Return a registration as the gateway has it. Raises: PortUnavailable."""

    async def charge(self, key: str, billing_key: str, amount_minor: int, currency: str) -> GatewayPayment:
        """Take a payment from the card behind a billing key, at once and whole. Idempotent by `key`, the payment's.

        A billing key that is unknown or deleted is an answer: the payment is aborted, `billing_key_unknown`.

        Raises:
            PortRefused: the key stands for another payment.
            PortUnavailable: no answer; it may have been done.
        """

    async def delete(self, key: str) -> BillingKey:
        """Forget the card of a registration. Idempotent; of one that was never heard of nothing can be charged either.

        Raises: PortUnavailable: no answer; it may have been done.
        """
