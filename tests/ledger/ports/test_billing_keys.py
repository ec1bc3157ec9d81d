"""The sandbox's billing keys: cards kept, charged and forgotten, each once, and the magic values (SPEC 13)."""

from __future__ import annotations

import pytest

from ledger.ports import PortRefused, Ports, PortUnavailable
from ledger.ports.sandbox.state import SandboxState
from tests.ledger.ports.counts import asked

pytestmark = pytest.mark.anyio

TOKEN = "one-time-token-7777"


async def key_of(ports: Ports, key: str = "bky_1") -> str:
    """Register a card and return its billing key."""
    registered = await ports.gateway.billing_key.register(key, TOKEN)
    assert registered.billing_key is not None
    return registered.billing_key


async def test_a_card_is_registered_once_and_keeps_its_key(ports: Ports, state: SandboxState) -> None:
    first, again = [await ports.gateway.billing_key.register("bky_1", TOKEN) for _ in range(2)]
    other = await ports.gateway.billing_key.register("bky_2", "another-token-7777")

    assert first == again == await ports.gateway.billing_key.status("bky_1")
    assert (first.status, first.code) == ("active", None)
    assert first.card is not None
    assert first.card.startswith("Sandbox Card *")
    assert other.billing_key != first.billing_key
    assert await asked(state, "billing_key") == {"bky_1": 2, "bky_2": 1}


async def test_a_key_that_stands_for_another_token_is_refused(ports: Ports) -> None:
    await key_of(ports)

    with pytest.raises(PortRefused):
        await ports.gateway.billing_key.register("bky_1", "another-token-7777")


async def test_a_token_that_ends_with_0001_is_refused(ports: Ports) -> None:
    refused = await ports.gateway.billing_key.register("bky_1", "one-time-token-0001")

    assert (refused.status, refused.code, refused.billing_key, refused.card) == ("refused", "card_refused", None, None)


async def test_a_token_that_ends_with_0002_is_registered_without_an_answer(ports: Ports) -> None:
    with pytest.raises(PortUnavailable):
        await ports.gateway.billing_key.register("bky_1", "one-time-token-0002")

    assert (await ports.gateway.billing_key.status("bky_1")).status == "active"


async def test_a_registered_card_is_charged_once_for_a_payment(ports: Ports, state: SandboxState) -> None:
    secret = await key_of(ports)

    first, again = [await ports.gateway.billing_key.charge("pay_1", secret, 12_222, "KRW") for _ in range(2)]

    assert first == again == await ports.gateway.status("pay_1")
    assert (first.status, first.amount_minor, first.paid_at is not None) == ("done", 12_222, True)
    assert await asked(state, "payment") == {"pay_1": 2}
    with pytest.raises(PortRefused):
        await ports.gateway.billing_key.charge("pay_1", secret, 12_223, "KRW")


async def test_the_magic_amounts_are_those_of_every_payment(ports: Ports) -> None:
    secret = await key_of(ports)

    declined = await ports.gateway.billing_key.charge("pay_1", secret, 20_001, "KRW")
    with pytest.raises(PortUnavailable):
        await ports.gateway.billing_key.charge("pay_2", secret, 20_002, "KRW")
    await ports.gateway.billing_key.charge("pay_3", secret, 20_003, "KRW")
    part = await ports.gateway.cancel("pay_3", 18_003, "c:3")

    assert (declined.status, declined.code) == ("aborted", "declined")
    assert (await ports.gateway.status("pay_2")).status == "done"
    assert (part.status, part.code) == ("refused", "partial_cancel_unsupported")


async def test_a_card_that_was_forgotten_or_never_known_is_not_charged(ports: Ports) -> None:
    secret = await key_of(ports)
    deleted, again = [await ports.gateway.billing_key.delete("bky_1") for _ in range(2)]

    after = await ports.gateway.billing_key.charge("pay_1", secret, 5_000, "KRW")
    unknown = await ports.gateway.billing_key.charge("pay_2", "bk_nobodys", 5_000, "KRW")

    assert deleted == again
    assert (deleted.status, deleted.billing_key) == ("deleted", None)
    assert [(paid.status, paid.code) for paid in (after, unknown)] == [("aborted", "billing_key_unknown")] * 2
    assert (await ports.gateway.billing_key.delete("bky_9")).status == "absent"
