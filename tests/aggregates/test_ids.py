"""Public ids: what they tell of what they name, and what cannot be one."""

from __future__ import annotations

import pytest

from aggregates import ids
from aggregates.errors import NotFound

ACCOUNT = ids.account_id(3, b"seed-of-an-account")


def test_a_drawn_id_leads_to_its_account() -> None:
    rule_id = ids.drawn_child_id("ann", ACCOUNT, b"\xff" * 16)

    parsed = ids.parse(rule_id, "ann")

    assert (parsed.prefix, parsed.account_id) == ("ann", ACCOUNT)
    assert parsed.version == 2**ids.DRAWN_BITS - 1
    assert ids.account_of(rule_id) == ACCOUNT


def test_the_same_seed_draws_the_same_id() -> None:
    assert ids.drawn_child_id("ann", ACCOUNT, b"12345678") == ids.drawn_child_id("ann", ACCOUNT, b"12345678")
    assert ids.drawn_child_id("ann", ACCOUNT, b"12345678") != ids.drawn_child_id("ann", ACCOUNT, b"22345678")
    assert ids.root_id("prd", 3, b"0123456789") == ids.root_id("prd", 3, b"0123456789 and more")


def test_a_root_has_nothing_behind_it_and_a_child_must() -> None:
    product_id = ids.root_id("prd", 3, b"0123456789")

    assert ids.parse(product_id, "prd").version == 0
    for wrong, prefix in (
        (f"{product_id}1", "prd"),
        (product_id, "acc"),
        (f"ann{ACCOUNT[3:]}", "ann"),
        ("prd_", "prd"),
    ):
        with pytest.raises(NotFound):
            ids.parse(wrong, prefix)
