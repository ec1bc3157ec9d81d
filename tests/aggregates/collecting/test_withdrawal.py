"""A withdrawal takes collected money out once, under four eyes, and brings back what the bank did not take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from aggregates.account import Account
from aggregates.account.withdrawals import NotCollected
from aggregates.collecting.withdrawal import AnotherPersonApproves, Withdrawal, WithdrawalElsewhere
from aggregates.fact import Stamp
from aggregates.postings import check_balanced

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PAYEE = Stamp(AT, AT, "key_1", "req_1", "payee")
OPERATOR = Stamp(AT, AT, "key_2", "req_2", "operator")


def collected(amount_minor: int) -> Account:
    account = Account(UUID(int=1))
    account.open(
        PAYEE, account_id="acc_000123456789abcdef", name="Salt Lane", mode="prepaid", currency="KRW",
        credit_limit_minor=None, overdraft_limit_minor=0,
    )  # fmt: skip
    account.move_collected(
        PAYEE, "collections", "settled", obligation_id="obl_1", source="link", source_id="lnk_1", payment_id="pay_1",
        method="card", amount_minor=amount_minor,
    )  # fmt: skip
    return account


def test_what_was_collected_leaves_when_it_is_asked_for_and_not_more() -> None:
    account = collected(50_000)

    account.request_withdrawal(PAYEE, withdrawal_id="wdr_1", amount_minor=30_000)

    assert (account.collections_minor, account.withdrawing_minor) == (20_000, 30_000)
    with pytest.raises(NotCollected) as refused:
        account.request_withdrawal(PAYEE, withdrawal_id="wdr_2", amount_minor=20_001)
    assert refused.value.figures["maximum"] == 20_000


def test_what_did_not_go_or_came_back_is_collected_money_again() -> None:
    account = collected(50_000)
    account.request_withdrawal(PAYEE, withdrawal_id="wdr_1", amount_minor=30_000)
    account.end_withdrawal(PAYEE, withdrawal_id="wdr_1", amount_minor=30_000, code="account_closed")
    assert (account.collections_minor, account.withdrawing_minor) == (50_000, 0)

    account.request_withdrawal(PAYEE, withdrawal_id="wdr_2", amount_minor=50_000)
    account.pay_withdrawal(PAYEE, withdrawal_id="wdr_2", transfer="wdr_2", amount_minor=50_000)
    assert (account.collections_minor, account.withdrawing_minor) == (0, 0)
    account.return_withdrawal(PAYEE, withdrawal_id="wdr_2", transfer="wdr_2", amount_minor=50_000, code="returned")

    assert (account.collections_minor, account.withdrawing_minor) == (50_000, 0)
    for fact in account.pending:
        check_balanced(fact)


def asked() -> Withdrawal:
    withdrawal = Withdrawal(UUID(int=2))
    withdrawal.request(
        PAYEE, withdrawal_id="wdr_1", account_id="acc_1", amount_minor=30_000, currency="KRW", bank="Example Bank",
        destination="dst_1",
    )  # fmt: skip
    return withdrawal


def test_who_asked_does_not_approve() -> None:
    with pytest.raises(AnotherPersonApproves):
        asked().approve(PAYEE)


STEPS: dict[str, Callable[[Withdrawal], None]] = {
    "approve": lambda each: each.approve(OPERATOR),
    "reject": lambda each: each.reject(OPERATOR, reason="unknown account"),
    "pay": lambda each: each.pay(OPERATOR),
    "fail": lambda each: each.fail(OPERATOR, code="account_closed"),
    "send_back": lambda each: each.send_back(OPERATOR, code="returned"),
}
WAYS: dict[str, tuple[str, ...]] = {
    "requested": (),
    "paying": ("approve",),
    "paid": ("approve", "pay"),
    "failed": ("approve", "fail"),
    "rejected": ("reject",),
    "returned": ("approve", "pay", "send_back"),
}
ALLOWED = {
    ("requested", "approve"), ("requested", "reject"), ("paying", "pay"), ("paying", "fail"), ("paid", "send_back"),
}  # fmt: skip


@pytest.mark.parametrize("status", WAYS)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_taken_or_forbidden_in_each_state(status: str, step: str) -> None:
    withdrawal = asked()
    for earlier in WAYS[status]:
        STEPS[earlier](withdrawal)
    assert withdrawal.status == status

    if (status, step) in ALLOWED:
        STEPS[step](withdrawal)
    else:
        with pytest.raises(WithdrawalElsewhere) as refused:
            STEPS[step](withdrawal)
        assert refused.value.figures["status"] == status
