"""Payment links: what may be asked for, every state and every step out of it, and what a payment adds (SPEC 11.1)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.payment_link import PaymentLink, Status
from aggregates.collecting.telling import Telling
from aggregates.errors import LedgerError
from aggregates.ids import stream_id
from aggregates.payment import Payment
from ledger.command import Command
from ledger.commands.collecting.obligations import ConfirmOutside, ExpireCollection, StartCollection
from ledger.commands.collecting.payment_links import (
    DeactivatePaymentLink,
    ExpirePaymentLink,
    IssuePaymentLink,
    PayByLink,
    SupersedePaymentLink,
)
from ledger.commands.payments import (
    FailPayment,
    IssuePaymentAccount,
    SettlePayment,
    TakePaymentBack,
    TakePaymentDeposit,
)
from ledger.commands.standing import CloseAccount, OpenAccount
from tests.ledger.commands.book import Book

DAY = date(2026, 3, 31)
"""Last day of the link of every test, in Seoul."""

IN_TIME, LAST_SECOND, OVER = "2026-03-02 12:00", "2026-03-31 23:59:59", "2026-04-01 00:00"


class Stand:
    """A payee who asks for money by links."""

    def __init__(self, currency: str = "KRW") -> None:
        self.book = Book(IN_TIME)
        self.account_id = self.book.ask(OpenAccount("Blue Kite Trading", "prepaid", currency, None, 0))["id"]
        self.link_id = self.payment_id = ""

    def issue(self, amount: int | None = 50_000, **more: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"expires_on": DAY, "time_zone": "Asia/Seoul"} | more
        made = self.book.ask(IssuePaymentLink(self.account_id, amount, **given))
        self.link_id = made["id"]
        return made

    def pay(self, amount: int | None = None, method: Any = "card") -> str:
        self.payment_id = self.book.ask(PayByLink(self.link_id, amount, method))["id"]
        return self.payment_id

    def paid(self, amount: int | None = None) -> str:
        self.pay(amount)
        self.book.do(SettlePayment(self.payment_id))
        return self.payment_id

    def link(self, link_id: str = "") -> PaymentLink:
        return self.book.stream(PaymentLink, link_id or self.link_id)

    def obligation(self) -> Obligation:
        return self.book.stream(Obligation, self.link().obligation_id or "")

    def status(self, link_id: str = "") -> Status:
        link = self.link(link_id)
        root = self.book.stream(PaymentLink, link.root_id)
        return link.status(root, None if link.is_reusable else self.obligation(), self.book.now)

    def told(self) -> list[tuple[str, dict[str, str]]]:
        """Return kind and figures of everything that people are told, in order."""
        return [
            (fact.kind, {figure.name: figure.value for figure in fact.detail})
            for fact in self.book.facts
            if isinstance(fact, Telling.Requested)
        ]

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told()]

    def code(self, command: Command) -> str:
        return self.book.refusal(command).code


@pytest.fixture
def stand() -> Stand:
    return Stand()


def active(stand: Stand) -> None:
    stand.issue()


def payment_pending(stand: Stand) -> None:
    stand.issue()
    stand.pay()


def paid(stand: Stand) -> None:
    stand.issue()
    stand.paid()


def paid_and_over(stand: Stand) -> None:
    paid(stand)
    stand.book.at(OVER)


def pending_and_over(stand: Stand) -> None:
    payment_pending(stand)
    stand.book.at(OVER)


def over(stand: Stand) -> None:
    stand.issue()
    stand.book.at(OVER)


def expired(stand: Stand) -> None:
    over(stand)
    stand.book.do(ExpirePaymentLink(stand.link_id))


def deactivated(stand: Stand) -> None:
    stand.issue()
    stand.book.do(DeactivatePaymentLink(stand.link_id, "sold"))


def superseded(stand: Stand) -> None:
    stand.issue()
    stand.book.do(SupersedePaymentLink(stand.link_id, DAY))


Given = Callable[[Stand], None]

STATES: tuple[tuple[Given, Status], ...] = (
    (active, "active"),
    (payment_pending, "payment_pending"),
    (pending_and_over, "payment_pending"),
    (paid, "paid"),
    (paid_and_over, "paid"),
    (over, "expired"),
    (expired, "expired"),
    (deactivated, "deactivated"),
    (superseded, "expired"),
)

OK = ""
STEPS: dict[str, Callable[[str], Command]] = {
    "pay": lambda link_id: PayByLink(link_id, None, "card"),
    "expire": ExpirePaymentLink,
    "deactivate": DeactivatePaymentLink,
    "supersede": lambda link_id: SupersedePaymentLink(link_id, date(2026, 4, 30)),
}

LATER = "link_payment_pending"
#                     pay                  expire              deactivate          supersede
ALLOWED: tuple[tuple[Given, str, str, str, str], ...] = (
    (active,           OK,                  "link_not_expired", OK,                 OK),
    (payment_pending,  "payment_in_flight", LATER,              LATER,              OK),
    (pending_and_over, "link_expired",      LATER,              LATER,              OK),
    (paid,             "already_paid",      "link_not_expired", "already_paid",     "already_paid"),
    (paid_and_over,    "already_paid",      OK,                 "already_paid",     "already_paid"),
    (over,             "link_expired",      OK,                 "link_expired",     OK),
    (expired,          "link_expired",      "link_expired",     "link_expired",     OK),
    (deactivated,      "link_deactivated",  "link_deactivated", "link_deactivated", "link_deactivated"),
    (superseded,       "link_superseded",   "link_superseded",  "link_superseded",  "link_superseded"),
)  # fmt: skip


@pytest.mark.parametrize(("given", "status"), STATES, ids=[given.__name__ for given, _ in STATES])
def test_every_state_is_shown_as_r130_names_it(stand: Stand, given: Given, status: Status) -> None:
    given(stand)

    assert stand.status() == status


@pytest.mark.parametrize("step", list(STEPS))
@pytest.mark.parametrize("row", ALLOWED, ids=[row[0].__name__ for row in ALLOWED])
def test_every_step_out_of_every_state_r130(stand: Stand, row: tuple[Any, ...], step: str) -> None:
    given, *codes = row
    expected = codes[list(STEPS).index(step)]
    given(stand)

    command = STEPS[step](stand.link_id)

    if expected == OK:
        stand.book.do(command)
    else:
        assert stand.code(command) == expected


def test_y1_a_link_asks_for_its_amount_until_the_end_of_its_day(stand: Stand) -> None:
    made = stand.issue(50_000)

    assert (made["status"], made["amount"], made["expires_at"]) == ("active", 50_000, "2026-03-31T15:00:00.000000Z")
    stand.book.at(LAST_SECOND)
    assert stand.status() == "active"
    stand.book.at(OVER)
    assert stand.status() == "expired"


def test_r132_the_day_is_that_of_the_links_time_zone(stand: Stand) -> None:
    made = stand.issue(50_000, time_zone="Asia/Tehran")

    assert made["expires_at"] == "2026-03-31T20:30:00.000000Z"
    stand.book.at("2026-04-01 05:29:59")
    assert stand.status() == "active"
    stand.book.at("2026-04-01 05:30")
    assert stand.status() == "expired"


def test_paid_is_said_when_money_has_settled_and_not_when_a_payment_was_started_y3(stand: Stand) -> None:
    stand.issue(50_000, reference="SHOP-7")
    stand.pay()
    started = stand.status(), stand.kinds()

    stand.book.do(SettlePayment(stand.payment_id))

    assert started == ("payment_pending", [])
    assert stand.status() == "paid"
    (kind, figures), *_ = stand.told()
    assert (kind, figures["amount"], figures["currency"], figures["reference"]) == (
        "link.paid", "50000", "KRW", "SHOP-7",
    )  # fmt: skip
    assert stand.book.account(stand.account_id).collections_minor == 50_000


def test_a_payment_that_fails_makes_the_link_active_again_r130(stand: Stand) -> None:
    stand.issue()
    stand.pay()

    stand.book.do(FailPayment(stand.payment_id, "declined"))

    assert stand.status() == "active"
    assert stand.paid()


def test_a_second_payer_is_refused_while_the_first_pays_and_after_r124(stand: Stand) -> None:
    stand.issue()
    stand.pay()
    at_once = stand.code(PayByLink(stand.link_id, None, "transfer"))
    stand.book.do(SettlePayment(stand.payment_id))

    assert at_once == "payment_in_flight"
    assert stand.code(PayByLink(stand.link_id, None, "transfer")) == "already_paid"
    again = StartCollection(stand.obligation().obligation_id, 50_000, "card", "api")
    assert stand.code(again) == "already_paid"


@pytest.mark.parametrize(
    ("currency", "amount", "code"),
    [
        ("KRW", 999, "link_amount_not_allowed"), ("KRW", 1_000, OK), ("KRW", 1_000_000_000_000, OK),
        ("KRW", 1_000_000_000_001, "link_amount_not_allowed"),
        ("IRR", 9_999, "link_amount_not_allowed"), ("IRR", 10_000, OK), ("JPY", 1, OK),
    ],
)  # fmt: skip
def test_r133_no_link_asks_for_less_than_a_gateway_takes(currency: str, amount: int, code: str) -> None:
    stand = Stand(currency)
    command = IssuePaymentLink(stand.account_id, amount, DAY, "Asia/Seoul")

    if code:
        assert stand.code(command) == code
    else:
        assert stand.book.ask(command)["amount"] == amount


@pytest.mark.parametrize(
    ("amount", "code"),
    [(999, "payment_amount_not_allowed"), (1_000, OK), (90_000, OK), (90_001, "payment_amount_not_allowed")],
)
def test_y2_r133_the_payer_decides_within_the_bounds(stand: Stand, amount: int, code: str) -> None:
    stand.issue(None, maximum_minor=90_000)

    if code:
        assert stand.code(PayByLink(stand.link_id, amount, "card")) == code
    else:
        stand.paid(amount)
        assert (stand.status(), stand.obligation().paid_minor) == ("paid", amount)
        assert stand.code(PayByLink(stand.link_id, amount, "card")) == "already_paid"


def test_where_the_payer_decides_an_amount_is_needed(stand: Stand) -> None:
    stand.issue(None)

    assert stand.code(PayByLink(stand.link_id, None, "card")) == "malformed"


@pytest.mark.parametrize(
    "terms",
    [
        {"amount": None, "minimum_minor": 999},
        {"amount": None, "minimum_minor": 5_000, "maximum_minor": 4_999},
        {"amount": 50_000, "maximum_minor": 60_000},
        {"amount": 50_000, "minimum_minor": 2_000},
        {"amount": 50_000, "parts": True, "minimum_minor": 50_001},
        {"amount": None, "parts": True},
    ],
)
def test_bounds_that_do_not_fit_are_refused_r133(stand: Stand, terms: dict[str, Any]) -> None:
    with pytest.raises(LedgerError) as refused:
        stand.issue(**terms)
    assert refused.value.code == "link_amount_not_allowed"


@pytest.mark.parametrize(
    ("last_day", "now", "code"),
    [
        (date(2026, 3, 2), IN_TIME, OK),
        (date(2026, 3, 1), IN_TIME, "link_expiry_not_allowed"),
        (date(2026, 3, 2), "2026-03-02 23:59:59", OK),
        (date(2026, 3, 2), "2026-03-03 00:00", "link_expiry_not_allowed"),
        (date(2031, 3, 6), IN_TIME, OK),
        (date(2031, 3, 7), IN_TIME, "link_expiry_not_allowed"),
    ],
)
def test_the_last_day_is_today_or_later_and_within_five_years(
    stand: Stand, last_day: date, now: str, code: str
) -> None:
    stand.book.at(now)
    command = IssuePaymentLink(stand.account_id, 50_000, last_day, "Asia/Seoul")

    if code:
        assert stand.code(command) == code
    else:
        stand.book.do(command)


@pytest.mark.parametrize(("uses", "parts"), [(0, False), (10_001, False), (2, True)])
def test_a_link_is_used_1_to_10_000_times_and_once_where_parts_are_paid(stand: Stand, uses: int, parts: bool) -> None:
    command = IssuePaymentLink(stand.account_id, 50_000, DAY, "Asia/Seoul", max_uses=uses, parts=parts)

    assert stand.code(command) == "link_uses_not_allowed"


def test_a_closed_account_issues_no_link(stand: Stand) -> None:
    stand.book.do(CloseAccount(stand.account_id, "moved"))

    assert stand.code(IssuePaymentLink(stand.account_id, 50_000, DAY, "Asia/Seoul")) == "account_closed"


def test_parts_are_paid_down_to_a_floor_and_the_rest_at_last(stand: Stand) -> None:
    stand.issue(50_000, parts=True, minimum_minor=20_000)
    too_little = stand.code(PayByLink(stand.link_id, 19_999, "card"))
    stand.paid(20_000)
    part = stand.status(), stand.obligation().outstanding_minor
    stand.paid(20_000)
    rest = stand.code(PayByLink(stand.link_id, 9_999, "card"))

    stand.paid(10_000)

    assert (too_little, rest) == ("payment_amount_not_allowed", "payment_amount_not_allowed")
    assert part == ("active", 30_000)
    assert stand.status() == "paid"
    assert [figures.get("outstanding") for _, figures in stand.told()] == ["30000", "10000", None]


def test_y3_the_payee_is_told_that_a_link_expired_and_it_cannot_be_paid(stand: Stand) -> None:
    over(stand)
    stand.book.do(ExpirePaymentLink(stand.link_id))

    assert stand.kinds() == ["link.expired"]
    assert stand.obligation().closed == "expired"
    assert stand.code(StartCollection(stand.obligation().obligation_id, 50_000, "card", "api")) == "link_expired"


def test_a_paid_link_stays_paid_when_its_last_day_is_over_and_nobody_is_told(stand: Stand) -> None:
    paid_and_over(stand)

    stand.book.do(ExpirePaymentLink(stand.link_id))

    assert (stand.status(), stand.kinds(), stand.obligation().closed) == ("paid", ["link.paid"], "")


def test_r131_a_payment_started_in_the_last_second_counts_when_it_settles_later(stand: Stand) -> None:
    stand.issue()
    stand.book.at(LAST_SECOND)
    stand.pay()
    stand.book.at("2026-04-02 09:00")

    stand.book.do(SettlePayment(stand.payment_id))

    assert stand.status() == "paid"
    assert stand.book.account(stand.account_id).collections_minor == 50_000


def test_r131_a_payment_that_fails_after_the_last_day_leaves_the_link_expired(stand: Stand) -> None:
    pending_and_over(stand)

    stand.book.do(FailPayment(stand.payment_id, "declined"))

    assert stand.status() == "expired"
    stand.book.do(ExpirePaymentLink(stand.link_id))


@pytest.mark.parametrize(
    ("started", "until"), [("2026-03-02 12:00", date(2026, 3, 9)), ("2026-03-30 12:00", date(2026, 3, 31))]
)
def test_r131_a_virtual_account_takes_money_until_the_links_last_day_at_most(
    stand: Stand, started: str, until: date
) -> None:
    stand.issue()
    stand.book.at(started)
    stand.pay(method="virtual_account")

    (fact,) = [fact for fact in stand.book.facts if isinstance(fact, Payment.Started)]

    assert fact.expires_on == until


def test_r131_a_deposit_after_the_last_day_is_the_payers_credit(stand: Stand) -> None:
    stand.issue()
    stand.pay(method="virtual_account")
    stand.book.do(IssuePaymentAccount(stand.payment_id, "dst_x"))
    stand.book.at("2026-04-03 09:00")
    stand.book.do(ExpireCollection(stand.payment_id))
    stand.book.do(ExpirePaymentLink(stand.link_id))

    stand.book.do(TakePaymentDeposit(stand.payment_id, 50_000))

    account = stand.book.account(stand.account_id)
    assert (account.collections_minor, account.payer_credit_minor) == (0, 50_000)
    assert stand.status() == "expired"
    assert stand.kinds() == ["link.expired"]


def test_a_superseded_link_is_dead_and_the_new_one_asks_for_the_same(stand: Stand) -> None:
    old = stand.issue(50_000, parts=True, minimum_minor=10_000, to="pty_x", channels=("sms",))
    stand.paid(20_000)

    new = stand.book.ask(SupersedePaymentLink(old["id"], date(2026, 4, 30)))

    assert (new["obligation_id"], new["replaces"], new["expires_on"]) == (old["obligation_id"], old["id"], "2026-04-30")
    assert stand.code(PayByLink(old["id"], 10_000, "card")) == "link_superseded"
    assert (stand.status(old["id"]), stand.status(new["id"])) == ("expired", "active")
    stand.link_id = new["id"]
    stand.paid(30_000)
    assert stand.status() == "paid"
    assert stand.kinds() == ["link.sent", "link.paid", "link.sent", "link.paid"]


def test_a_payment_under_way_when_its_link_is_superseded_still_counts_r131(stand: Stand) -> None:
    old = stand.issue()
    payment_id = stand.pay()
    new = stand.book.ask(SupersedePaymentLink(old["id"], date(2026, 4, 30)))
    pending = stand.status(new["id"]), stand.code(PayByLink(new["id"], None, "card"))

    stand.book.do(SettlePayment(payment_id))

    assert pending == ("payment_pending", "payment_in_flight")
    assert stand.status(new["id"]) == "paid"
    assert stand.told()[-1][1]["link_id"] == new["id"]


def test_links_can_be_superseded_again_and_again_and_the_last_one_holds(stand: Stand) -> None:
    ids = [stand.issue()["id"]]
    for _ in range(3):
        ids.append(stand.book.ask(SupersedePaymentLink(ids[-1], DAY))["id"])
    stand.link_id = ids[-1]

    stand.paid()

    assert [stand.status(link_id) for link_id in ids] == ["expired"] * 3 + ["paid"]
    assert stand.link(ids[0]).current_id == ids[-1]


def test_an_expired_link_is_asked_for_again_by_a_new_one(stand: Stand) -> None:
    expired(stand)
    stand.link_id = stand.book.ask(SupersedePaymentLink(stand.link_id, date(2026, 4, 30)))["id"]

    stand.paid()

    assert stand.status() == "paid"


def test_a_reversal_after_30_days_makes_the_link_payable_again(stand: Stand) -> None:
    stand.issue(expires_on=date(2026, 12, 31))
    payment_id = stand.paid()
    stand.book.pass_time(days=31)

    stand.book.do(TakePaymentBack(payment_id, 50_000))

    assert (stand.status(), stand.obligation().outstanding_minor) == ("active", 50_000)
    assert stand.kinds() == ["link.paid", "link.reversed"]
    assert stand.book.account(stand.account_id).collections_minor == 0
    stand.paid()
    assert stand.status() == "paid"


def test_a_reversal_after_the_last_day_is_due_again_and_can_be_asked_for_by_a_new_link(stand: Stand) -> None:
    stand.issue()
    payment_id = stand.paid()
    stand.book.at("2026-04-20 09:00").do(TakePaymentBack(payment_id, 50_000))
    reversed_status = stand.status()
    stand.book.do(ExpirePaymentLink(stand.link_id))

    stand.link_id = stand.book.ask(SupersedePaymentLink(stand.link_id, date(2026, 5, 31)))["id"]
    stand.paid()

    assert reversed_status == "expired"
    assert stand.status() == "paid"


def test_r134_amounts_in_rials_are_shown_in_tomans_beside_them() -> None:
    stand = Stand("IRR")
    made = stand.issue(500_005, time_zone="Asia/Tehran", to="pty_x", channels=("sms",))

    assert (made["amount"], made["currency"]) == (500_005, "IRR")
    assert made["display"] == {"unit": "toman", "amount": "50000.5"}
    assert stand.told()[0][1]["toman"] == "50000.5"
    assert Stand().issue()["display"] is None


class TestManyUses:
    """Links that many pay: each use opens an obligation of its own (SPEC R-130)."""

    def test_no_more_uses_are_settled_and_under_way_than_there_may_be(self, stand: Stand) -> None:
        stand.issue(10_000, max_uses=3)
        first, second, _ = (stand.pay() for _ in range(3))
        full = stand.status(), stand.code(PayByLink(stand.link_id, None, "card"))
        stand.book.do(SettlePayment(first))
        still_full = stand.code(PayByLink(stand.link_id, None, "card"))

        stand.book.do(FailPayment(second, "declined"))

        assert full == ("payment_pending", "link_used_up")
        assert still_full == "link_used_up"
        assert stand.status() == "active"
        stand.paid()
        assert stand.book.account(stand.account_id).collections_minor == 20_000
        assert (stand.link().settled_uses, len(stand.link().uses_in_flight)) == (2, 1)

    def test_it_is_paid_when_all_uses_are(self, stand: Stand) -> None:
        stand.issue(None, max_uses=2)
        stand.paid(1_000)
        one = stand.status()

        stand.paid(70_000)

        assert (one, stand.status()) == ("active", "paid")
        assert stand.kinds() == ["link.paid", "link.paid"]

    def test_each_use_has_an_obligation_of_its_own_and_one_that_failed_is_closed(self, stand: Stand) -> None:
        stand.issue(10_000, max_uses=5)
        stand.paid()
        stand.pay()
        stand.book.do(FailPayment(stand.payment_id, "declined"))

        opened = [fact for fact in stand.book.facts if isinstance(fact, Obligation.Opened)]

        assert [fact.source_id for fact in opened] == [stand.link_id] * 2
        closed = [self.obligation(stand, fact.obligation_id).closed for fact in opened]
        assert closed == ["", "unused"]

    def test_uses_are_counted_on_through_links_that_replace_each_other(self, stand: Stand) -> None:
        old = stand.issue(10_000, max_uses=3)["id"]
        stand.paid()
        under_way = stand.pay()
        stand.link_id = stand.book.ask(SupersedePaymentLink(old, date(2026, 4, 30)))["id"]
        stand.book.do(SettlePayment(under_way))
        stand.paid()

        assert stand.status() == "paid"
        assert stand.code(PayByLink(stand.link_id, None, "card")) == "link_used_up"
        assert stand.link(old).settled_uses == 3

    def test_max_uses_cannot_be_put_below_what_was_used(self, stand: Stand) -> None:
        old = stand.issue(10_000, max_uses=3)["id"]
        stand.paid()
        stand.paid()
        refused = [stand.code(SupersedePaymentLink(old, DAY, max_uses=2))]
        stand.pay()
        refused.append(stand.code(SupersedePaymentLink(old, DAY, max_uses=2)))

        assert refused == ["link_uses_not_allowed"] * 2
        assert stand.book.ask(SupersedePaymentLink(old, DAY, max_uses=4))["max_uses"] == 4

    @pytest.mark.parametrize(("uses", "other"), [(1, 2), (3, 1)])
    def test_a_link_for_one_use_stays_one(self, stand: Stand, uses: int, other: int) -> None:
        stand.issue(10_000, max_uses=uses)

        assert stand.code(SupersedePaymentLink(stand.link_id, DAY, max_uses=other)) == "link_uses_not_allowed"

    def test_a_use_whose_money_was_taken_back_can_be_used_again(self, stand: Stand) -> None:
        stand.issue(10_000, max_uses=2, expires_on=date(2026, 12, 31))
        first = stand.paid()
        stand.paid()
        stand.book.pass_time(days=31)

        stand.book.do(TakePaymentBack(first, 10_000))

        assert (stand.status(), stand.link().settled_uses) == ("active", 1)
        stand.paid()
        assert stand.status() == "paid"

    def test_a_use_under_way_when_the_link_ends_still_counts(self, stand: Stand) -> None:
        stand.issue(10_000, max_uses=5)
        stand.pay()
        stand.book.do(DeactivatePaymentLink(stand.link_id))

        stand.book.do(SettlePayment(stand.payment_id))

        assert (stand.status(), stand.link().settled_uses) == ("deactivated", 1)
        assert stand.book.account(stand.account_id).collections_minor == 10_000

    def test_an_amount_that_the_link_does_not_take_opens_nothing(self, stand: Stand) -> None:
        stand.issue(10_000, max_uses=5)

        assert stand.code(PayByLink(stand.link_id, 9_999, "card")) == "payment_amount_not_allowed"
        assert not [fact for fact in stand.book.facts if isinstance(fact, Obligation.Opened)]

    @staticmethod
    def obligation(stand: Stand, obligation_id: str) -> Obligation:
        found = stand.book.streams[stream_id(obligation_id)]
        assert isinstance(found, Obligation)
        return found


@given(random=st.randoms(use_true_random=False), uses=st.sampled_from([1, 2, 5]), parts=st.booleans())
@settings(max_examples=30, deadline=None)
def test_whatever_happens_to_a_link_it_is_paid_no_more_often_than_it_may_be(
    random: Random, uses: int, parts: bool
) -> None:
    stand = Stand()
    stand.issue(50_000, max_uses=uses, parts=parts and uses == 1, expires_on=date(2026, 3, 20))
    pending: list[str] = []
    settled: list[str] = []

    def step() -> None:
        match random.randrange(8):
            case 0 | 1 | 2:
                pending.append(stand.pay(random.choice([None, 20_000, 30_000])))
            case 3 | 4 if pending:
                payment_id = pending.pop(random.randrange(len(pending)))
                stand.book.do(SettlePayment(payment_id))
                settled.append(payment_id)
            case 5 if pending:
                stand.book.do(FailPayment(pending.pop(), "declined"))
            case 6 if settled:
                payment_id = settled.pop(0)
                stand.book.do(TakePaymentBack(payment_id, amount_of(stand, payment_id)))
            case 7:
                stand.book.pass_time(days=1)
                ends = SupersedePaymentLink(stand.link_id, date(2026, 4, random.randint(1, 30)))
                stand.link_id = stand.book.ask(ends)["id"]

    for _ in range(60):
        with suppress(LedgerError):
            step()
        link = stand.link()
        root = stand.link(link.root_id)
        if link.is_reusable:
            assert root.settled_uses + len(root.uses_in_flight) <= link.max_uses
            assert (root.settled_uses, len(root.uses_in_flight)) == (len(settled), len(pending))
        else:
            assert len(pending) <= 1
            assert (stand.status() == "paid") == (stand.obligation().paid_minor == 50_000)
        kept = sum(amount_of(stand, payment_id) for payment_id in settled)
        assert stand.book.account(stand.account_id).collections_minor == kept


def amount_of(stand: Stand, payment_id: str) -> int:
    """Return what a payment was to bring."""
    payment = stand.book.streams[stream_id(payment_id)]
    assert isinstance(payment, Payment)
    return payment.amount_minor


def test_the_payees_own_word_that_it_was_paid_elsewhere_ends_the_link_r101(stand: Stand) -> None:
    stand.issue()

    stand.book.do(ConfirmOutside(stand.obligation().obligation_id, 50_000, date(2026, 3, 2)))

    assert (stand.status(), stand.kinds()) == ("paid", [])
    assert stand.book.account(stand.account_id).collections_minor == 0


def test_an_unknown_link_is_not_found(stand: Stand) -> None:
    assert stand.code(DeactivatePaymentLink("lnk_000123456789abcdefg2")) == "payment_link_not_found"


def test_a_copy_of_a_link_goes_its_own_way(stand: Stand) -> None:
    stand.issue(10_000, max_uses=2)
    twin = stand.link().copy()

    stand.pay()

    assert (twin.uses_in_flight, len(stand.link().uses_in_flight)) == (frozenset(), 1)
