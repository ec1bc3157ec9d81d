"""Bills: every step out of every state, the worked examples of SPEC 10.3, and the settlements R-120 to R-125."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from aggregates.account.standing import AccountIsClosed
from aggregates.billing_key import BillingKeyNotFound
from aggregates.collecting.bill import (
    AutoPayNotDue,
    BillForwardActive,
    BillReminderNotDue,
    DueDateInvalid,
    ForwardeeMayNot,
    ForwardNotActive,
    ForwardToSelf,
)
from aggregates.collecting.bill_customer import AutoPayOff
from aggregates.collecting.obligation_parts import AttemptInFlight, ObligationClosed, ObligationPaid
from aggregates.errors import LedgerError
from ledger.commands.billing_keys import RefuseBillingKey, RemoveBillingKey
from ledger.commands.collecting.auto_pay import (
    AnnounceAutoPay,
    AutoPayIsOn,
    CardNeeded,
    DropAutoPay,
    TurnAutoPayOff,
    TurnAutoPayOn,
)
from ledger.commands.collecting.bills import (
    CancelBill,
    ChangeBill,
    CreateBill,
    ForwardBill,
    PayBill,
    RemindOfBill,
    RevokeForward,
    SendBill,
    ViewBill,
)
from ledger.commands.collecting.obligations import ConfirmOutside, StartCollection
from ledger.commands.collecting.tellings import SettleTelling
from ledger.commands.payments import StartPayment, TakePaymentBack
from ledger.commands.standing import CloseAccount
from tests.ledger.biller import DUE, FRIEND, PERSON, Biller, acts

OK = ""
ACTS = ("send", "change", "view", "cancel", "pay", "refund", "forward", "revoke", "remind", "on", "off")


def _then(*steps: str) -> Callable[[], Biller]:
    def made() -> Biller:
        biller = Biller()
        biller.draft()
        for step in steps:
            if step == "overdue":
                biller.at("2024-10-12 00:00:00")
            elif step == "refund half":
                biller.refund(27_500)
            elif step == "auto-pay":
                biller.on()
            else:
                {**acts(biller), "paid": biller.paid, "refunded": biller.refund}[step]()
        return biller

    return made


STATES: dict[str, tuple[str, Callable[[], Biller]]] = {
    "draft": ("draft", _then()),
    "draft thrown away": ("cancelled", _then("cancel")),
    "sent": ("sent", _then("send")),
    "viewed": ("viewed", _then("send", "view")),
    "overdue": ("overdue", _then("send", "overdue")),
    "being paid": ("sent", _then("send", "pay")),
    "paid": ("paid", _then("send", "view", "paid")),
    "paid late": ("paid", _then("send", "overdue", "paid")),
    "part refunded": ("part_refunded", _then("send", "paid", "refund half")),
    "refunded": ("refunded", _then("send", "paid", "refunded")),
    "cancelled": ("cancelled", _then("send", "overdue", "cancel")),
    "forwarded": ("sent", _then("send", "forward")),
    "with auto-pay": ("sent", _then("send", "auto-pay")),
}

NO, PAID, FLIGHT, NONE = "bill_not_open", "already_paid", "payment_in_flight", "nothing_to_refund"
SENT, OFF, NOBODY = "bill_not_draft", "auto_pay_off", "forward_not_active"
NOT_DUE = "reminder_not_due"
# fmt: off
TABLE = {
    #                     send  change  view         cancel  pay    refund forward           revoke  remind   on   off
    "draft":             (OK,   OK,     NO,          OK,     NO,    NONE,  NO,               NO,     NO,      NO,  OFF),
    "draft thrown away": (SENT, NO,     NO,          NO,     NO,    NONE,  NO,               NO,     NO,      NO,  OFF),
    "sent":              (SENT, OK,     OK,          OK,     OK,    NONE,  OK,               NOBODY, OK,      OK,  OFF),
    "viewed":            (SENT, OK,     "bill_seen", OK,     OK,    NONE,  OK,               NOBODY, OK,      OK,  OFF),
    "overdue":           (SENT, "due_date_invalid",
                                        OK,          OK,     OK,    NONE,  OK,               NOBODY, OK,      OK,  OFF),
    "being paid":        (SENT, FLIGHT, OK,          FLIGHT, FLIGHT, NONE, OK,               NOBODY, OK,      OK,  OFF),
    "paid":              (SENT, PAID,   "bill_seen", PAID,   PAID,  OK,    PAID,             NOBODY, PAID,    OK,  OFF),
    "paid late":         (SENT, PAID,   OK,          PAID,   PAID,  OK,    PAID,             NOBODY, PAID,    OK,  OFF),
    "part refunded":     (SENT, PAID,   OK,          PAID,   PAID,  OK,    PAID,             NOBODY, PAID,    OK,  OFF),
    "refunded":          (SENT, PAID,   OK,          PAID,   PAID,  NONE,  PAID,             NOBODY, PAID,    OK,  OFF),
    "cancelled":         (SENT, NO,     NO,          NO,     NO,    NONE,  NO,               NO,     NO,      NO,  OFF),
    "forwarded":         (SENT, OK,     OK,          OK,     OK,    NONE,  "bill_forwarded", OK,     OK,      OK,  OFF),
    "with auto-pay":     (SENT, OK,     OK,          OK,     OK,    NONE,  OK,               NOBODY, OK,      OK,  OK),
}
# fmt: on


@pytest.mark.parametrize("state", STATES)
def test_r121_every_step_out_of_every_state_is_allowed_or_refused_as_the_table_says(state: str) -> None:
    shown, made = STATES[state]
    found = []
    for act in ACTS:
        biller = made()
        assert biller.status == shown
        before = len(biller.memory.facts)
        try:
            acts(biller)[act]()
            found.append(OK)
        except LedgerError as refused:
            found.append(refused.code)
            assert len(biller.memory.facts) == before, "a refusal records nothing"

    assert tuple(found) == TABLE[state]


def test_k1_a_bill_is_written_from_a_name_and_a_phone_and_its_payer_is_told_of_it_when_it_is_sent() -> None:
    biller = Biller()

    biller.draft()
    assert (biller.status, biller.told()) == ("draft", [])
    biller.do(SendBill(biller.bill_id))

    assert (biller.status, biller.told()) == ("sent", [("bill.sent", PERSON)])
    assert (biller.money.due_minor, biller.money.due_on, biller.money.source) == (55_000, DUE, "bill")


@pytest.mark.parametrize(("days", "fits"), [(-1, False), (0, True), (731, True), (732, False)])
def test_a_bill_falls_due_today_or_within_two_years(days: int, fits: bool) -> None:
    biller = Biller()
    due_on = date(2024, 9, 30) + timedelta(days)

    if fits:
        assert biller.draft(due_on)
    else:
        with pytest.raises(DueDateInvalid):
            biller.draft(due_on)


def test_a_draft_whose_last_day_has_passed_is_not_sent() -> None:
    biller = Biller()
    biller.draft(date(2024, 9, 30))
    biller.at("2024-10-01 00:00:00")

    with pytest.raises(DueDateInvalid):
        biller.do(SendBill(biller.bill_id))


@pytest.mark.parametrize("amount", [0, 1_000_000_000_001])
def test_an_amount_that_nobody_can_pay_is_not_asked_for(amount: int) -> None:
    with pytest.raises(LedgerError) as refused:
        Biller().draft(amount_minor=amount)

    assert refused.value.code == "payment_amount_not_allowed"


@pytest.mark.parametrize(("method", "at_gateway"), [("card", "card"), ("debit_card", "card"), ("transfer", "transfer")])
def test_k2_the_payer_chooses_how_to_pay_each_time(method: str, at_gateway: str) -> None:
    biller = Biller()
    biller.send()
    biller.fail(biller.pay("transfer" if method != "transfer" else "card"))

    payment_id = biller.pay(method)
    pending = biller.status
    biller.settle(payment_id)

    assert (biller.started.method, biller.started.billing_key_id) == (at_gateway, None)
    assert (pending, biller.status) == ("sent", "paid")
    assert [each for each in biller.told() if each[0] == "bill.paid"] == [("bill.paid", PERSON), ("bill.paid", None)]


def test_k3_a_bill_is_announced_by_tuesday_and_charged_on_friday_once() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.at("2024-10-08 23:59:59")
    biller.announce()
    assert ("bill.auto_pay_notice", PERSON) in biller.told()
    biller.at("2024-10-11 08:59:59")
    with pytest.raises(AutoPayNotDue):
        biller.run()

    biller.at("2024-10-11 09:00:00")
    biller.run()
    payment = biller.started
    with pytest.raises(AutoPayNotDue):
        biller.run()
    assert (biller.status, payment.amount_minor, payment.billing_key_id) == (
        "sent", 55_000, biller.customer.billing_key_id,
    )  # fmt: skip
    biller.settle(payment.payment_id)

    assert biller.status == "paid"
    with pytest.raises(ObligationPaid):
        biller.run()


def test_r120_a_bill_sent_on_the_tenth_for_the_eleventh_stays_manual_and_the_next_one_is_paid_automatically() -> None:
    biller = Biller("2024-10-01 12:00:00")
    biller.send(date(2024, 10, 31))
    biller.on()
    biller.at("2024-10-10 12:00:00")

    late = biller.send(DUE)

    assert biller.told()[-2:] == [("bill.sent", PERSON), ("bill.auto_pay_missed", PERSON)]
    assert (biller.sheet.auto_pay.state, biller.sheet.auto_pay.code) == ("missed", "too_late")
    with pytest.raises(AutoPayNotDue):
        biller.do(AnnounceAutoPay(late))
    biller.at("2024-10-11 09:00:00")
    with pytest.raises(AutoPayNotDue):
        biller.run()
    biller.paid()

    biller.send(date(2024, 11, 11))
    biller.announce()
    biller.at("2024-11-11 09:00:00")
    biller.run()
    assert biller.sheet.auto_pay.state == "started"


def test_r120_what_could_not_be_announced_in_time_is_told_to_be_paid_by_hand() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.at("2024-10-08 23:59:59")
    with pytest.raises(AutoPayNotDue):
        biller.run()
    biller.at("2024-10-09 00:00:00")
    with pytest.raises(AutoPayNotDue):
        biller.do(AnnounceAutoPay(biller.bill_id))

    biller.run()

    assert (biller.sheet.auto_pay.state, biller.sheet.auto_pay.code) == ("missed", "too_late")
    assert biller.told()[-1] == ("bill.auto_pay_missed", PERSON)
    biller.at("2024-10-11 09:00:00")
    assert biller.paid()


def test_r120_turned_on_too_late_for_the_bill_at_hand_it_holds_for_the_next() -> None:
    biller = Biller("2024-10-09 12:00:00")
    biller.send()

    biller.on()

    assert (biller.sheet.auto_pay.code, biller.customer.on) == ("too_late", True)


def test_r121_a_changed_amount_is_announced_anew_and_the_new_amount_is_charged() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()

    biller.do(ChangeBill(biller.bill_id, 70_000, None))
    assert biller.sheet.auto_pay.state == "none"
    biller.announce()
    biller.at("2024-10-11 09:00:00")
    biller.run()

    assert (biller.started.amount_minor, biller.started.payment_id) == (70_000, biller.sheet.auto_pay.payment_id)


@pytest.mark.parametrize(("amount", "due_on"), [(70_000, None), (None, date(2024, 10, 10))])
def test_r121_changed_when_it_is_too_late_to_announce_it_is_not_charged(amount: int, due_on: date | None) -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.at("2024-10-09 00:00:00")

    biller.do(ChangeBill(biller.bill_id, amount, due_on))

    assert (biller.sheet.auto_pay.state, biller.sheet.auto_pay.code) == ("missed", "changed_after_notice")
    assert [kind for kind, _ in biller.told()[-2:]] == ["bill.changed", "bill.auto_pay_missed"]
    biller.at("2024-10-10 09:00:00")
    with pytest.raises(AutoPayNotDue):
        biller.run()


def test_a_later_day_gives_a_missed_bill_another_chance() -> None:
    biller = Biller("2024-10-09 12:00:00")
    biller.send()
    biller.on()

    biller.do(ChangeBill(biller.bill_id, None, date(2024, 10, 31)))
    biller.announce()

    assert biller.sheet.auto_pay.pay_on == date(2024, 10, 31)


def test_r121_off_after_the_announcement_holds_until_the_charge_starts() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.at("2024-10-11 08:59:59")

    biller.do(TurnAutoPayOff(biller.bill_id))
    biller.at("2024-10-11 09:00:00")

    with pytest.raises(AutoPayNotDue):
        biller.run()
    assert biller.money.attempt is None
    with pytest.raises(AutoPayOff):
        biller.do(TurnAutoPayOff(biller.bill_id))


def test_r121_off_after_the_charge_has_begun_stops_the_next_one() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.at("2024-10-11 09:00:00")
    biller.run()

    biller.do(TurnAutoPayOff(biller.bill_id))
    biller.settle(biller.sheet.auto_pay.payment_id or "")

    assert (biller.status, biller.customer.on) == ("paid", False)


def test_r121_off_and_on_again_needs_a_new_announcement() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.do(TurnAutoPayOff(biller.bill_id))
    biller.do(TurnAutoPayOn(biller.bill_id))
    biller.at("2024-10-09 00:00:00")

    biller.run()

    assert biller.sheet.auto_pay.code == "too_late"


def test_an_announcement_that_reached_nobody_is_none() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce(told=False)
    biller.at("2024-10-11 09:00:00")

    biller.run()

    assert (biller.sheet.auto_pay.code, biller.money.attempt) == ("not_told", None)


@pytest.mark.parametrize(
    ("arrived", "code"),
    [("2024-10-08 23:59:59", None), ("2024-10-09 00:59:59", None), ("2024-10-09 01:00:00", "not_told")],
)
def test_k3_an_announcement_that_was_held_up_until_it_was_too_late_is_none(arrived: str, code: str | None) -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.at("2024-10-08 23:59:00")
    biller.do(AnnounceAutoPay(biller.bill_id))
    biller.at(arrived)
    biller.do(SettleTelling(biller.sheet.auto_pay.telling_id or "", "sms", None))
    biller.at("2024-10-11 09:00:00")

    biller.run()

    assert biller.sheet.auto_pay.code == code


def test_a_day_on_which_nobody_charged_is_not_made_up_for() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.at("2024-10-12 00:00:00")

    biller.run()

    assert (biller.sheet.auto_pay.code, biller.money.attempt, biller.status) == ("day_passed", None, "overdue")


def test_a_charge_that_fails_is_told_to_the_payer_and_not_tried_again() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.at("2024-10-11 09:00:00")
    biller.run()

    biller.fail(biller.sheet.auto_pay.payment_id or "")

    assert (biller.sheet.auto_pay.state, biller.sheet.auto_pay.code) == ("missed", "declined")
    assert biller.told()[-1] == ("bill.auto_pay_missed", PERSON)
    with pytest.raises(AutoPayNotDue):
        biller.run()
    biller.paid()
    assert biller.status == "paid"


def test_a_payment_by_hand_that_fails_leaves_the_announced_one_as_it_is() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.at("2024-10-11 09:00:00")
    payment_id = biller.pay()
    with pytest.raises(AttemptInFlight):
        biller.run()

    biller.fail(payment_id)
    biller.run()

    assert biller.sheet.auto_pay.state == "started"


def test_a_card_that_was_taken_away_is_not_charged_and_turns_auto_pay_off() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.do(RemoveBillingKey(biller.customer.billing_key_id))
    biller.at("2024-10-11 09:00:00")

    biller.run()
    biller.do(DropAutoPay(biller.customer_id))

    assert (biller.sheet.auto_pay.code, biller.customer.on) == ("card", False)
    assert biller.told()[-1] == ("bill.auto_pay_off", PERSON)


def test_a_card_that_the_gateway_refuses_turns_auto_pay_off_and_one_that_it_keeps_does_not() -> None:
    biller = Biller()
    biller.send()
    biller.do(TurnAutoPayOn(biller.bill_id, "otk_token"))
    with pytest.raises(AutoPayNotDue):
        biller.do(DropAutoPay(biller.customer_id))
    with pytest.raises(AutoPayNotDue):
        biller.do(AnnounceAutoPay(biller.bill_id))

    biller.do(RefuseBillingKey(biller.customer.billing_key_id, "card_refused"))
    biller.do(DropAutoPay(biller.customer_id))

    assert not biller.customer.on


def test_auto_pay_needs_a_card_once() -> None:
    biller = Biller()
    biller.send()
    with pytest.raises(CardNeeded):
        biller.do(TurnAutoPayOn(biller.bill_id))
    biller.on()
    with pytest.raises(AutoPayIsOn):
        biller.do(TurnAutoPayOn(biller.bill_id))
    first = biller.customer.billing_key_id

    biller.on()

    assert biller.customer.billing_key_id != first
    assert biller.customer.turn == 2


def test_the_card_of_a_customer_pays_that_customers_bills_and_nothing_else() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    key = biller.customer.billing_key_id

    for command in (
        StartPayment(biller.account_id, 5_000, "card", billing_key_id=key),
        StartCollection(biller.money.obligation_id, 55_000, "card", "api", key),
        StartCollection(biller.money.obligation_id, 55_000, "card", "api", key, customer_id=biller.friend_id),
    ):
        with pytest.raises(BillingKeyNotFound):
            biller.do(command)


@pytest.mark.parametrize("days", [3, 1, 0])
def test_r122_payers_are_reminded_once_on_the_day_and_not_once_it_is_paid(days: int) -> None:
    biller = Biller()
    biller.send()
    biller.at(f"2024-10-{11 - days:02d} 10:00:00")

    biller.do(RemindOfBill(biller.bill_id, days))

    assert biller.told()[-1] == ("bill.reminder", PERSON)
    for wrong in (days, days + 1):
        with pytest.raises(BillReminderNotDue):
            biller.do(RemindOfBill(biller.bill_id, wrong))
    biller.paid()
    with pytest.raises(ObligationPaid):
        biller.do(RemindOfBill(biller.bill_id, days))


def test_r122_nobody_is_reminded_of_what_pays_itself() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.at("2024-10-10 10:00:00")

    with pytest.raises(BillReminderNotDue):
        biller.do(RemindOfBill(biller.bill_id, 1))


def test_r123_somebody_else_may_pay_and_the_payer_is_told() -> None:
    biller = Biller()
    biller.send()
    biller.forward()
    assert biller.told()[-1] == ("bill.forwarded", FRIEND)

    payment_id = biller.pay(person=FRIEND)
    assert biller.money.attempt is not None
    via = biller.money.attempt.via
    biller.settle(payment_id)

    assert (via, biller.status) == ("forward", "paid")
    assert {to for kind, to in biller.told() if kind == "bill.paid"} == {PERSON, FRIEND, None}


def test_r123_the_original_payer_stays_liable_while_somebody_else_is_asked() -> None:
    biller = Biller()
    biller.send()
    biller.forward()
    biller.at("2024-10-10 10:00:00")

    biller.do(RemindOfBill(biller.bill_id, 1))
    biller.paid()

    reminded = [to for kind, to in biller.told() if kind == "bill.reminder"]
    assert (reminded, biller.status, biller.sheet.person) == ([PERSON, FRIEND], "paid", PERSON)


def test_r123_whom_the_payer_has_asked_may_pay_and_nothing_else() -> None:
    biller = Biller()
    biller.send()
    biller.forward()

    for command in (
        ForwardBill(biller.bill_id, "pyr_third", "cus_third", FRIEND),
        RevokeForward(biller.bill_id, FRIEND),
        TurnAutoPayOn(biller.bill_id, "otk_token", FRIEND),
        TurnAutoPayOff(biller.bill_id, FRIEND),
    ):
        with pytest.raises(ForwardeeMayNot):
            biller.do(command)
    biller.do(ViewBill(biller.bill_id, FRIEND))


def test_r123_one_at_a_time_somebody_else_and_revocable() -> None:
    biller = Biller()
    biller.send()
    with pytest.raises(ForwardToSelf):
        biller.do(ForwardBill(biller.bill_id, FRIEND, biller.customer_id))
    biller.forward()
    with pytest.raises(BillForwardActive):
        biller.do(ForwardBill(biller.bill_id, "pyr_third", "cus_third"))

    biller.do(RevokeForward(biller.bill_id))

    assert biller.told()[-1] == ("bill.forward_revoked", FRIEND)
    for late in (PayBill(biller.bill_id, "card", FRIEND), PayBill(biller.bill_id, "card", forwarded=True)):
        with pytest.raises(ForwardNotActive):
            biller.do(late)
    biller.do(ForwardBill(biller.bill_id, "pyr_third", "cus_third"))
    assert biller.sheet.forwards == 2


def test_r116_an_active_forward_pauses_auto_pay_and_its_end_resumes_it() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.forward()
    biller.at("2024-10-11 09:00:00")
    with pytest.raises(AutoPayNotDue):
        biller.run()

    biller.do(RevokeForward(biller.bill_id))
    biller.run()

    assert biller.sheet.auto_pay.state == "started"


def test_r116_a_bill_that_stays_forwarded_over_its_day_is_told_to_be_paid_by_hand() -> None:
    biller = Biller()
    biller.send()
    biller.on()
    biller.announce()
    biller.forward()
    biller.at("2024-10-12 00:00:00")

    biller.run()

    assert biller.sheet.auto_pay.code == "forwarded"
    with pytest.raises(AutoPayNotDue):
        biller.do(AnnounceAutoPay(biller.bill_id))


def test_r124_two_who_pay_at_once_are_one_payment() -> None:
    biller = Biller()
    biller.send()
    biller.forward()
    payment_id = biller.pay()
    with pytest.raises(AttemptInFlight):
        biller.pay(person=FRIEND)

    biller.settle(payment_id)

    with pytest.raises(ObligationPaid):
        biller.pay(person=FRIEND)


def test_r125_an_overdue_bill_is_paid_until_its_biller_closes_it() -> None:
    biller = Biller()
    biller.send()
    biller.at("2024-10-11 23:59:59")
    assert biller.status == "sent"
    biller.at("2025-03-01 00:00:00")
    assert biller.status == "overdue"
    late = biller.paid()
    assert (late[:4], biller.status) == ("pay_", "paid")

    biller.send(date(2025, 3, 1))
    biller.at("2025-03-02 12:00:00")
    biller.do(CancelBill(biller.bill_id))

    with pytest.raises(ObligationClosed):
        biller.do(StartCollection(biller.money.obligation_id, 55_000, "card", "api"))
    assert (biller.status, biller.told()[-1]) == ("cancelled", ("bill.cancelled", PERSON))


def test_a_bill_is_refunded_in_part_then_whole() -> None:
    biller = Biller()
    biller.send()
    biller.paid()

    biller.refund(20_000)
    part = biller.status
    biller.refund()

    assert (part, biller.status, biller.money.refunded_minor) == ("part_refunded", "refunded", 55_000)
    assert biller.told()[-1] == ("bill.refunded", PERSON)


def test_r101_what_its_biller_confirms_pays_a_bill_and_moves_no_money() -> None:
    biller = Biller()
    biller.send()

    biller.do(ConfirmOutside(biller.money.obligation_id, 55_000, date(2024, 9, 30)))

    assert (biller.status, biller.money.payments) == ("paid", {})
    assert ("bill.paid", PERSON) in biller.told()


def test_money_that_is_taken_back_after_a_month_makes_the_bill_overdue_again_and_everybody_knows() -> None:
    biller = Biller()
    biller.send()
    payment_id = biller.paid()
    biller.at("2024-10-30 12:00:00")

    biller.do(TakePaymentBack(payment_id, 55_000))

    assert biller.status == "overdue"
    assert biller.told()[-2:] == [("bill.reversed", PERSON), ("bill.reversed", None)]
    assert biller.paid()


def test_a_closed_account_writes_and_sends_no_bills() -> None:
    biller = Biller()
    biller.draft()
    biller.do(CloseAccount(biller.account_id, "r"))

    for command in (
        SendBill(biller.bill_id),
        CreateBill(biller.account_id, biller.customer_id, PERSON, 55_000, DUE),
    ):
        with pytest.raises(AccountIsClosed):
            biller.do(command)
