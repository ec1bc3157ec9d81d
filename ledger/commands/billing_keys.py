"""Commands on billing keys: the owner's two, and those that record what the gateway says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.account import standing
from aggregates.billing_key import (
    BillingKey,
    BillingKeyDeleted,
    BillingKeyNotFound,
    BillingKeyRefused,
    BillingKeyRegistered,
    BillingKeyRemoved,
    BillingKeyRequested,
)
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from ledger.command import Answer, Streams, answer

STATUS_AFTER = {
    BillingKeyRequested: "requested",
    BillingKeyRegistered: "active",
    BillingKeyRefused: "refused",
    BillingKeyRemoved: "removed",
    BillingKeyDeleted: "deleted",
}
"""Fact -> the state that a billing key is in after it."""


@dataclass(frozen=True, slots=True)
class RequestBillingKey:
    """Register a card at the gateway.

    Attributes:
        one_time: vault token of the one-time token of the gateway's own page.
        label: what its owner calls the card; None = nothing.
    """

    ANSWER: ClassVar[str] = "billing-key/1"

    account_id: str
    one_time: str
    label: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BillingKey.Requested`. Raises: AccountNotFound, AccountIsClosed."""
        standing.refuse_closed(streams.account(self.account_id))
        billing_key_id, key = streams.new_child(BillingKey, "bky", self.account_id)
        key.request(
            stamp, billing_key_id=billing_key_id, account_id=self.account_id, one_time=self.one_time, label=self.label
        )


@dataclass(frozen=True, slots=True)
class RegisterBillingKey:
    """Take the gateway's word that it keeps the card. secret: vault token of the key. card: what people may see."""

    ANSWER: ClassVar[str] = "billing-key-status/1"

    billing_key_id: str
    secret: str
    card: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BillingKey.Registered`. Raises: as of `BillingKey.register`."""
        known_key(streams, self.billing_key_id).register(stamp, secret=self.secret, card=self.card)


@dataclass(frozen=True, slots=True)
class RefuseBillingKey:
    """Take the gateway's definite no."""

    ANSWER: ClassVar[str] = "billing-key-status/1"

    billing_key_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BillingKey.Refused`. Raises: as of `BillingKey.refuse`."""
        known_key(streams, self.billing_key_id).refuse(stamp, reason_code=self.reason_code)


@dataclass(frozen=True, slots=True)
class RemoveBillingKey:
    """Take a card away; the gateway is told to forget it."""

    ANSWER: ClassVar[str] = "billing-key-status/1"

    billing_key_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BillingKey.Removed`. Raises: as of `BillingKey.remove`."""
        known_key(streams, self.billing_key_id).remove(stamp)


@dataclass(frozen=True, slots=True)
class DeleteBillingKey:
    """Take the gateway's word that the card is forgotten."""

    ANSWER: ClassVar[str] = "billing-key-status/1"

    billing_key_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BillingKey.Deleted`. Raises: as of `BillingKey.delete`."""
        known_key(streams, self.billing_key_id).delete(stamp)


def known_key(streams: Streams, billing_key_id: str) -> BillingKey:
    """Return a billing key that was requested. Raises: BillingKeyNotFound."""
    parse(billing_key_id, "bky")
    return streams.known(BillingKey, billing_key_id, BillingKeyNotFound)


def billing_key_json(
    billing_key_id: str, *, account_id: str, label: str | None, status: str, card: str | None, code: str | None
) -> dict[str, Any]:
    """Return a billing key in the shape of the HTTP face."""
    return {
        "id": billing_key_id,
        "account_id": account_id,
        "label": label,
        "status": status,
        "card": card,
        "code": code,
    }


@answer("billing-key/1")
def billing_key(facts: Sequence[Fact]) -> Answer:
    """Answer with a registration that was begun: what becomes of it, its resource tells."""
    fact = facts[0]
    assert isinstance(fact, BillingKeyRequested)
    shape = billing_key_json(
        fact.billing_key_id, account_id=fact.account_id, label=fact.label, status="requested", card=None, code=None
    )
    return Answer(201, shape)


@answer("billing-key-status/1")
def billing_key_status(facts: Sequence[Fact]) -> Answer:
    """Answer with the state of the billing key."""
    fact: Any = next(fact for fact in facts if type(fact) in STATUS_AFTER)
    return Answer(200, {"id": fact.billing_key_id, "status": STATUS_AFTER[type(fact)]})
