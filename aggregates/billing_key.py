"""A billing key: a customer's card at the gateway, registered once and charged whenever a payment says so (SPEC 13).

The key itself is a secret of the vault; facts know it by a token, and of the card what people may see.
"""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from aggregates.errors import Conflict, NotFound
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class


class BillingKeyNotFound(NotFound):
    """There is no such billing key on the account."""

    code = "billing_key_not_found"


class BillingKeyNotActive(Conflict):
    """The billing key is not registered yet, was refused, or is removed."""

    code = "billing_key_not_active"


@fact("billing_key.requested")
class BillingKeyRequested(Fact):
    """A card shall be registered at the gateway; nothing was asked yet.

    Attributes:
        billing_key_id: public id ("bky_..."), and the gateway's key of the registration.
        account_id: whose payments it is for.
        one_time: vault token of the gateway's one-time token; erased when its day is over.
        label: what its owner calls the card; null = nothing.
        customer_id: the customer of the account's bills whose card it is; null = the account's own.
    """

    VERSION = 2

    billing_key_id: str
    account_id: str
    one_time: str
    label: str | None
    customer_id: str | None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Every card was the account's own before."""
        state["customer_id"] = None

    def apply(self, key: BillingKey) -> None:
        key.billing_key_id = self.billing_key_id
        key.account_id = self.account_id
        key.customer_id = self.customer_id
        key.status = "requested"


@fact("billing_key.registered")
class BillingKeyRegistered(Fact):
    """The gateway keeps the card.

    Attributes:
        billing_key_id: public id.
        secret: vault token of the key that is charged.
        card: what people may see of it: the issuer and the last four digits.
    """

    billing_key_id: str
    secret: str
    card: str

    def apply(self, key: BillingKey) -> None:
        key.status = "active"


@fact("billing_key.refused")
class BillingKeyRefused(Fact):
    """The gateway does not keep the card.

    Attributes:
        billing_key_id: public id.
        code: why, a stable word.
    """

    billing_key_id: str
    code: str

    def apply(self, key: BillingKey) -> None:
        key.status = "refused"


@fact("billing_key.removed")
class BillingKeyRemoved(Fact):
    """Its owner took the card away: nothing more is charged, and the gateway is told to forget it.

    Attributes:
        billing_key_id: public id.
    """

    billing_key_id: str

    def apply(self, key: BillingKey) -> None:
        key.status = "removed"


@fact("billing_key.deleted")
class BillingKeyDeleted(Fact):
    """The gateway has forgotten the card.

    Attributes:
        billing_key_id: public id.
    """

    billing_key_id: str

    def apply(self, key: BillingKey) -> None:
        key.status = "deleted"


@stream_class("billing_key")
class BillingKey(Stream):
    """One card at the gateway.

    Attributes:
        billing_key_id, account_id, customer_id: as requested.
        status: requested, active, refused, removed or deleted; "" before it is requested.
    """

    __slots__ = ("account_id", "billing_key_id", "customer_id", "status")

    Requested = BillingKeyRequested
    Registered = BillingKeyRegistered
    Refused = BillingKeyRefused
    Removed = BillingKeyRemoved
    Deleted = BillingKeyDeleted

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.billing_key_id = self.account_id = self.status = ""
        self.customer_id: str | None = None

    def request(
        self,
        stamp: Stamp,
        *,
        billing_key_id: str,
        account_id: str,
        one_time: str,
        label: str | None,
        customer_id: str | None = None,
    ) -> None:
        """Record that a card shall be registered. customer_id: whose it is; None = the account's own."""
        self.record(
            BillingKeyRequested,
            stamp,
            billing_key_id=billing_key_id,
            account_id=account_id,
            one_time=one_time,
            label=label,
            customer_id=customer_id,
        )

    def register(self, stamp: Stamp, *, secret: str, card: str) -> None:
        """Record the gateway's yes. Raises: BillingKeyNotActive: it has had its answer."""
        self._require("requested")
        self.record(BillingKeyRegistered, stamp, billing_key_id=self.billing_key_id, secret=secret, card=card)

    def refuse(self, stamp: Stamp, *, reason_code: str) -> None:
        """Record the gateway's no. Raises: BillingKeyNotActive: it has had its answer."""
        self._require("requested")
        self.record(BillingKeyRefused, stamp, billing_key_id=self.billing_key_id, code=reason_code)

    def remove(self, stamp: Stamp) -> None:
        """Take the card away. Raises: BillingKeyNotActive."""
        self._require("active")
        self.record(BillingKeyRemoved, stamp, billing_key_id=self.billing_key_id)

    def delete(self, stamp: Stamp) -> None:
        """Record that the gateway has forgotten the card. Raises: BillingKeyNotActive: it was not removed."""
        self._require("removed")
        self.record(BillingKeyDeleted, stamp, billing_key_id=self.billing_key_id)

    def require_chargeable(self, account_id: str, customer_id: str | None = None) -> None:
        """Refuse a payment with it: a customer's card pays that customer's bills and nothing else.

        Raises:
            BillingKeyNotFound: another account's, or not that customer's. BillingKeyNotActive.
        """
        if (self.account_id, self.customer_id) != (account_id, customer_id):
            raise BillingKeyNotFound("there is no such billing key on the account")
        self._require("active")

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *BillingKey.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin

    def _require(self, status: str) -> None:
        if self.status != status:
            raise BillingKeyNotActive("the state of the billing key does not allow this", status=self.status)
