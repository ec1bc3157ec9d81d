"""Opening, freezing and closing an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aggregates import ids
from aggregates.account import Account
from aggregates.account.parts import AwaitedDeposit, ParkedDeposit, PendingAdjustment
from aggregates.errors import LedgerError
from aggregates.fact import Stamp
from tests.aggregates.scenario import Scenario, kst

NOW = kst("2024-10-28 10:00")
STAMP = Stamp(NOW, NOW, "key_tester", "req_test")
DEFAULTS = {"mode": "prepaid", "currency": "KRW", "credit_limit_minor": None, "overdraft_limit_minor": 0}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "XXX", "mode": "other"}, "malformed"),
        ({"mode": "other"}, "malformed"),
        ({"overdraft_limit_minor": -1}, "invalid_amount"),
        ({"mode": "postpaid", "credit_limit_minor": -1}, "invalid_amount"),
        ({"credit_limit_minor": 0}, "credit_limit_not_allowed"),
        ({"mode": "postpaid"}, "credit_limit_required"),
        ({"mode": "postpaid", "credit_limit_minor": 0, "overdraft_limit_minor": None}, "overdraft_not_allowed"),
        ({"mode": "postpaid", "credit_limit_minor": 0, "overdraft_limit_minor": 1}, "overdraft_not_allowed"),
    ],
)
def test_an_account_is_opened_only_with_limits_that_fit_its_mode(change: dict[str, object], code: str) -> None:
    account_id = ids.account_id(0, b"0123456789")
    account = Account.blank(ids.stream_id(account_id))

    with pytest.raises(LedgerError) as refused:
        account.open(STAMP, account_id=account_id, name="Harbour Books", **{**DEFAULTS, **change})  # type: ignore[arg-type]

    assert refused.value.code == code
    assert account.version == 0


@pytest.mark.parametrize(
    ("mode", "credit_limit", "overdraft", "available"),
    [("prepaid", None, 0, 0), ("prepaid", None, 500, 500), ("prepaid", None, None, None), ("postpaid", 700, 0, 700)],
)
def test_an_opened_account_shows_its_figures(
    mode: str, credit_limit: int | None, overdraft: int | None, available: int | None
) -> None:
    account_id = ids.account_id(0, b"0123456789")
    account = Account.blank(ids.stream_id(account_id))

    opened = account.open(
        STAMP,
        account_id=account_id,
        name="Harbour Books",
        mode=mode,
        currency="CZK",
        credit_limit_minor=credit_limit,
        overdraft_limit_minor=overdraft,
    )

    assert opened.figures == account.figures(NOW)
    assert (opened.figures.available_minor, opened.figures.status) == (available, "open")


def test_an_account_is_opened_once() -> None:
    scenario = Scenario()

    with pytest.raises(LedgerError) as refused:
        scenario.account.open(scenario.stamp, account_id=scenario.account_id, name="Again", **DEFAULTS)  # type: ignore[arg-type]

    assert refused.value.code == "account_exists"


def test_freezing_and_unfreezing_take_turns() -> None:
    scenario = Scenario()
    account, stamp = scenario.account, scenario.stamp

    def code(attempt: Callable[[], object]) -> str:
        with pytest.raises(LedgerError) as refused:
            attempt()
        return refused.value.code

    not_frozen = code(lambda: account.unfreeze(stamp, reason="r"))
    frozen = account.freeze(stamp, reason="suspicious pattern")
    twice = code(lambda: account.freeze(stamp, reason="r"))
    unfrozen = account.unfreeze(stamp, reason="cleared")

    assert (not_frozen, twice) == ("account_not_frozen", "account_frozen")
    assert (frozen.figures.status, unfrozen.figures.status, account.status) == ("frozen", "open", "open")
    assert unfrozen.figures == account.figures(scenario.now)


def test_a_closed_account_takes_nothing_more() -> None:
    scenario = Scenario()
    account, stamp = scenario.account, scenario.stamp
    other = Scenario(number=2)
    other.charged(1_000)

    closed = account.close(stamp, reason="moved away")
    attempts: list[Callable[[], object]] = [
        lambda: account.close(stamp, reason="r"),
        lambda: account.freeze(stamp, reason="r"),
        lambda: account.unfreeze(stamp, reason="r"),
        lambda: account.spend(stamp, amount_minor=1),
        lambda: account.expire_hold(stamp, spend_id="spd_none"),
        lambda: account.set_cash_limit(stamp, limit_minor=1, reason="r"),
        lambda: account.request_adjustment(stamp, amount_minor=1, reason="r"),
        lambda: account.import_movement(stamp, amount_minor=1, booked_on=NOW.date(), reference="1"),
        lambda: other.account.transfer(stamp, to=account, amount_minor=1),
    ]

    codes = []
    for attempt in attempts:
        with pytest.raises(LedgerError) as refused:
            attempt()
        codes.append(refused.value.code)
    assert set(codes) == {"account_closed"}
    assert (closed.figures.status, closed.figures) == ("closed", account.figures(scenario.now))


LEFT: dict[str, Callable[[Any], None]] = {
    "balance": lambda a: setattr(a, "balance_minor", 1),
    "overdrawn": lambda a: setattr(a, "overdrawn_minor", 1),
    "held": lambda a: setattr(a, "held_minor", 1),
    "refund_pending": lambda a: setattr(a, "refund_pending_minor", 1),
    "awaited_deposits": lambda a: a.own("awaited").update(chg_x=AwaitedDeposit(1_000, None, NOW.date())),
    "parked_deposits": lambda a: a.own("parked").update(dep_x=ParkedDeposit("chg_x", 1_000)),
    "pending_adjustments": lambda a: a.own("adjustments").update(adj_x=PendingAdjustment(1, "key_a", "r")),
    "pending_cancellations": lambda a: a.own("cancels").update(chg_x=None),
    "refund_requests": lambda a: a.own("refunds").update(rfd_x=None),
    "receivable": lambda a: setattr(a, "receivable_minor", -1),
    "member_receivable": lambda a: setattr(a, "member_receivable_minor", 1),
}


@pytest.mark.parametrize("name", LEFT)
def test_an_account_is_closed_only_when_everything_is_at_zero(name: str) -> None:
    scenario = Scenario()
    LEFT[name](scenario.account)

    with pytest.raises(LedgerError) as refused:
        scenario.account.close(scenario.stamp, reason="moved away")

    assert refused.value.code == "account_not_empty"
    assert list(refused.value.figures) == [name]
    assert name in refused.value.detail
