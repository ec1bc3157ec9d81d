"""The view `orders`: every order with its money, its recipients and coupons, and what is due for whom.

Facts carry an order's money and counters as they are after them, so these are only taken over. What the worker must do
next for a recipient follows from its row; how many there are of each kind is kept on the order, so that the worker
finds its work without looking at recipients.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from aggregates.dates import business_date
from aggregates.order import Order
from aggregates.order.messages import CHOSEN, FIRST, RESEND
from aggregates.order.parts import CHOICE, OrderCounts, OrderMoney
from projections.order_rows import (
    BATCHES,
    IN_USE,
    ISSUE,
    ISSUES,
    LIVE_LETTERS,
    MESSAGE,
    MESSAGES,
    NOTHING,
    ORDERS,
    RECIPIENTS,
    TALLIES,
    TELL,
    UNREACHED,
    VOIDS,
    WAITS,
    BatchRow,
    OrderRow,
    RecipientRow,
    TallyRow,
    VoidRow,
)
from projections.rows import Key, Rows, Table
from projections.view import View

Waiting = tuple[int, date | None]
"""What is due for a recipient, and the first day of its 7 where it waits for a choice."""


class Orders(View):
    """Orders, recipients, batches, voids, and how many orders are in which state."""

    NAME = "orders"
    VERSION = 2
    TABLES = (ORDERS, RECIPIENTS, BATCHES, VOIDS, TALLIES)
    TAKES = frozenset(
        {
            Order.Placed,
            Order.RecipientsAdded,
            Order.DispatchStarted,
            Order.Cancelled,
            Order.Dispatched,
            Order.IssueRequested,
            Order.IssueSettled,
            Order.ItemChosen,
            Order.ItemsAutoChosen,
            Order.RecipientsGivenUp,
            Order.MessagesRequested,
            Order.MessagesSettled,
            Order.VoidRequested,
            Order.VoidApproved,
            Order.VoidRejected,
            Order.VoidSettled,
            Order.CouponsEnded,
        }
    )

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes, as far as it tells them."""
        order_id = fact.order_id
        if isinstance(fact, Order.Placed):
            yield TALLIES, (fact.account_id, fact.member_id or "")
            return
        yield ORDERS, (order_id,)
        match fact:
            case Order.IssueSettled():
                yield BATCHES, (order_id, ISSUES, fact.batch)
            case Order.MessagesSettled():
                yield BATCHES, (order_id, MESSAGES, fact.batch)
            case Order.VoidApproved() | Order.VoidRejected() | Order.VoidSettled():
                yield VOIDS, (order_id, fact.void)
        for recipient in _named(fact):
            yield RECIPIENTS, (order_id, recipient)

    def adds(self, fact: Any) -> int:
        """Return about how many rows a fact adds."""
        return len(fact.tokens) if isinstance(fact, Order.RecipientsAdded) else 1

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        if isinstance(fact, Order.Placed):
            _place(fact, position, rows)
            return
        order: OrderRow = rows.get(ORDERS, (fact.order_id,))
        order.version = fact.originator_version
        _PROJECT[type(fact)](order, fact, position, rows)


def _named(fact: Any) -> Iterable[int]:
    """Return the recipients whose rows a fact changes; those of voids and endings follow from their coupons."""
    match fact:
        case Order.IssueSettled():
            return (*fact.issued, *fact.failed)
        case Order.MessagesSettled():
            return (*fact.alimtalk, *fact.mms, *fact.failed)
        case Order.ItemChosen():
            return (fact.recipient,)
        case Order.IssueRequested() | Order.MessagesRequested() | Order.ItemsAutoChosen() | Order.RecipientsGivenUp():
            recipients: tuple[int, ...] = fact.recipients
            return recipients
    return ()


# -- the order as a whole --------------------------------------------------------------------------------------


def _place(fact: Any, position: int, rows: Rows) -> None:
    lines = [asdict(line) for line in fact.lines]
    rows.put(
        ORDERS,
        OrderRow(
            order_id=fact.order_id, position=position, account_id=fact.account_id, member_id=fact.member_id,
            made_by=fact.actor, number=fact.number, name=fact.name, kind=fact.kind, status="scheduled", lines=lines,
            designated=fact.designated, dispatch_title=fact.dispatch_title, ordered_at=fact.occurred_at,
            ordered_on=fact.ordered_on, scheduled_at=fact.scheduled_at, started_at=None, dispatched_at=None,
            cancelled_at=None, recipients=fact.recipients, coupons_each=fact.coupons_each, currency=fact.currency,
            list_minor=fact.list_minor, discount_minor=fact.discount_minor, amount_minor=fact.amount_minor,
            unit_minor=fact.unit_minor, held_minor=fact.amount_minor, issued_minor=0, returned_minor=0,
            progress=fact.recipients, success=0, failure=0, error=0, sender_profile_id=fact.sender_profile_id,
            template_id=fact.template_id, theme_id=fact.theme_id, texts_token=fact.texts_token, source=fact.source,
            spend_id=fact.spend_id, first_token=None, issue_batches=0, message_batches=0, voids=0,
            version=fact.originator_version, to_issue=0, to_message=0, to_tell=0, windows={}, next_window_on=None,
            in_use=0,
        ),
    )  # fmt: skip
    key = (fact.account_id, fact.member_id or "")
    tally = rows.find(TALLIES, key)
    if tally is None:
        tally = TallyRow(*key, 0, 0, 0, 0)
        rows.put(TALLIES, tally)
    tally.scheduled += 1


def _add_recipients(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    due = MESSAGE if order.kind == CHOICE else ISSUE
    coupons = "." * order.coupons_each
    if not fact.first:
        order.first_token = fact.tokens[0]
    for recipient, token in enumerate(fact.tokens, fact.first):
        rows.put(
            RECIPIENTS,
            RecipientRow(
                order.order_id, recipient, token, "progress", None, 0, 0, coupons, None, 0, 0, None, None, None, None,
                due,
            ),
        )  # fmt: skip


def _start(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    _turn(order, "sending", rows)
    order.started_at = fact.occurred_at
    if order.kind == CHOICE:
        order.to_message = order.recipients
    else:
        order.to_issue = order.recipients


def _cancel(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    _turn(order, "cancelled", rows)
    order.cancelled_at = fact.occurred_at
    _take_money(order, fact.money)


def _end(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    _turn(order, "dispatched", rows)
    order.dispatched_at = fact.occurred_at
    _take_counts(order, fact.counts)


def _turn(order: OrderRow, status: str, rows: Rows) -> None:
    """Move an order to another state, and the tally with it."""
    key = (order.account_id, order.member_id or "")
    rows.load_missing(TALLIES, [key])
    tally = rows.get(TALLIES, key)
    setattr(tally, order.status, getattr(tally, order.status) - 1)
    setattr(tally, status, getattr(tally, status) + 1)
    order.status = status


def _take_money(order: OrderRow, money: OrderMoney) -> None:
    order.held_minor = money.held_minor
    order.issued_minor = money.issued_minor
    order.returned_minor = money.returned_minor


def _take_counts(order: OrderRow, counts: OrderCounts) -> None:
    order.progress = counts.progress
    order.success = counts.success
    order.failure = counts.failure
    order.error = counts.error


# -- issuance --------------------------------------------------------------------------------------------------


def _request_issue(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    order.issue_batches = fact.batch
    rows.put(
        BATCHES,
        BatchRow(
            order.order_id, ISSUES, fact.batch, position, fact.line, fact.unit, fact.sku, None,
            list(fact.recipients), list(fact.recipients), fact.occurred_at,
        ),
    )  # fmt: skip
    place = _place_of(order, fact.line, fact.unit)
    _change(order, rows, fact.recipients, lambda row: _set(row, place, "r"))


def _settle_issue(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    _settle_batch(rows, order, ISSUES, fact.batch, {*fact.issued, *fact.failed})
    place = _place_of(order, fact.line, fact.unit)
    issued_on = business_date(fact.occurred_at)
    reopened, errored = frozenset(fact.reopened), frozenset(fact.errored)

    def issued(row: RecipientRow) -> None:
        _set(row, place, "i")
        row.issued_on = issued_on

    def failed(row: RecipientRow) -> None:
        _set(row, place, "." if row.recipient in reopened else "f")
        if order.kind == CHOICE:
            row.excluded |= 1 << fact.line
            row.chosen, row.auto = None, 0
        if row.recipient in errored:
            row.dispatch = "error"

    _change(order, rows, fact.issued, issued)
    _change(order, rows, fact.failed, failed)
    _take_money(order, fact.money)
    _take_counts(order, fact.counts)


def _settle_batch(rows: Rows, order: OrderRow, kind: str, batch: int, settled: set[int]) -> None:
    opened: BatchRow = rows.get(BATCHES, (order.order_id, kind, batch))
    opened.waiting = [recipient for recipient in opened.waiting if recipient not in settled]


# -- choices ---------------------------------------------------------------------------------------------------


def _choose(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    def chosen(row: RecipientRow) -> None:
        _set(row, 0, "c")
        row.chosen = fact.line

    _change(order, rows, (fact.recipient,), chosen)


def _auto_choose(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    def chosen(row: RecipientRow) -> None:
        _set(row, 0, "c")
        row.chosen, row.auto = fact.line, 1

    _change(order, rows, fact.recipients, chosen)


def _give_up(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    errored = frozenset(fact.errored)

    def given_up(row: RecipientRow) -> None:
        _set(row, 0, "f")
        row.given_up = fact.reason
        if row.recipient in errored:
            row.dispatch = "error"

    _change(order, rows, fact.recipients, given_up)
    _take_money(order, fact.money)
    _take_counts(order, fact.counts)


# -- messages --------------------------------------------------------------------------------------------------


def _request_messages(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    order.message_batches = fact.batch
    rows.put(
        BATCHES,
        BatchRow(
            order.order_id, MESSAGES, fact.batch, position, None, None, None, fact.purpose,
            list(fact.recipients), list(fact.recipients), fact.occurred_at,
        ),
    )  # fmt: skip

    def requested(row: RecipientRow) -> None:
        row.sending += 1
        if fact.purpose == RESEND:
            row.resends += 1
        elif fact.purpose == CHOSEN:
            row.auto = 2
        elif row.attempted_on is None:
            row.attempted_on = fact.requested_on

    _change(order, rows, fact.recipients, requested)


def _settle_messages(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    _settle_batch(rows, order, MESSAGES, fact.batch, {*fact.alimtalk, *fact.mms, *fact.failed})
    counts = fact.purpose in (FIRST, RESEND)

    def reached(channel: str) -> Callable[[RecipientRow], None]:
        def by_channel(row: RecipientRow) -> None:
            row.sending -= 1
            row.channel = channel
            if counts:
                row.dispatch = "success"
                row.reached_on = row.reached_on or fact.sent_on

        return by_channel

    def failed(row: RecipientRow) -> None:
        row.sending -= 1
        if counts and row.dispatch == "progress":
            row.dispatch = "failed"

    _change(order, rows, fact.alimtalk, reached("alimtalk"))
    _change(order, rows, fact.mms, reached("mms"))
    _change(order, rows, fact.failed, failed)
    _take_counts(order, fact.counts)


# -- voids -----------------------------------------------------------------------------------------------------


def _request_void(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    order.voids = fact.void
    coupons = list(fact.coupons)
    rows.put(
        VOIDS,
        VoidRow(
            order.order_id, fact.void, position, fact.account_id, "requested", coupons, coupons[:], 0, 0, None,
            fact.reason, None, fact.actor, None, fact.occurred_at, None,
        ),
    )  # fmt: skip
    _set_coupons(order, rows, coupons, "q")


def _approve_void(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    void: VoidRow = rows.get(VOIDS, (order.order_id, fact.void))
    void.status, void.decided_by, void.decided_at = "approved", fact.actor, fact.occurred_at
    _set_coupons(order, rows, fact.coupons, "w")


def _reject_void(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    void: VoidRow = rows.get(VOIDS, (order.order_id, fact.void))
    void.status, void.decided_by, void.decided_at = "rejected", fact.actor, fact.occurred_at
    void.decision_reason = fact.reason
    void.waiting = []
    _set_coupons(order, rows, fact.coupons, "i")


def _settle_void(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    void: VoidRow = rows.get(VOIDS, (order.order_id, fact.void))
    settled = {*fact.voided, *fact.refused}
    void.waiting = [coupon for coupon in void.waiting if coupon not in settled]
    void.voided += len(fact.voided)
    void.refused += len(fact.refused)
    void.code = fact.code or void.code
    if not void.waiting:
        void.status = "settled"
    _set_coupons(order, rows, fact.voided, "v")
    _set_coupons(order, rows, fact.refused, "i")
    _take_money(order, fact.money)


def _end_coupons(order: OrderRow, fact: Any, position: int, rows: Rows) -> None:
    _set_coupons(order, rows, fact.used, "u")
    _set_coupons(order, rows, fact.expired, "x")
    _take_money(order, fact.money)


def _set_coupons(order: OrderRow, rows: Rows, coupons: Sequence[int], letter: str) -> None:
    """Put coupons that are named by their number in the order into a state."""
    places: dict[int, list[int]] = {}
    for coupon in coupons:
        recipient, place = divmod(coupon, order.coupons_each)
        places.setdefault(recipient, []).append(place)
    rows.load_missing(RECIPIENTS, [(order.order_id, recipient) for recipient in places])

    def turned(row: RecipientRow) -> None:
        for place in places[row.recipient]:
            _set(row, place, letter)

    _change(order, rows, tuple(places), turned)


# -- recipients, and what is due for them ----------------------------------------------------------------------


def _change(order: OrderRow, rows: Rows, recipients: Sequence[int], change: Callable[[RecipientRow], None]) -> None:
    """Change recipients, and count anew what is due for them."""
    moved: Counter[Waiting] = Counter()
    for recipient in recipients:
        row: RecipientRow = rows.get(RECIPIENTS, (order.order_id, recipient))
        before = (row.due, _start_of(row))
        order.in_use -= row.coupons.count(IN_USE)
        change(row)
        order.in_use += row.coupons.count(IN_USE)
        row.due = _due(order.kind, row)
        moved[before] -= 1
        moved[row.due, _start_of(row)] += 1
    for (due, start), more in moved.items():
        if due == ISSUE:
            order.to_issue += more
        elif due == MESSAGE:
            order.to_message += more
        elif due == TELL:
            order.to_tell += more
        elif start is not None and more:
            day = start.isoformat()
            order.windows[day] = order.windows.get(day, 0) + more
            if not order.windows[day]:
                del order.windows[day]
    order.next_window_on = date.fromisoformat(min(order.windows)) if order.windows else None


def _due(kind: str, row: RecipientRow) -> int:
    """Return what is to be done for a recipient next."""
    at_rest = row.dispatch == "progress" and not row.sending
    if kind != CHOICE:
        if "." in row.coupons:
            return ISSUE
        settled = "r" not in row.coupons
        return MESSAGE if at_rest and settled and any(letter in LIVE_LETTERS for letter in row.coupons) else NOTHING
    if row.coupons == "c":
        return ISSUE
    if row.coupons == ".":
        if at_rest:
            return MESSAGE
        return UNREACHED if row.reached_on is None else WAITS
    return TELL if row.auto == 1 and row.coupons in LIVE_LETTERS else NOTHING


def _start_of(row: RecipientRow) -> date | None:
    """Return the first day of the 7 of a recipient who waits for a choice."""
    if row.due == WAITS:
        return row.reached_on
    return row.attempted_on if row.due == UNREACHED else None


def _place_of(order: OrderRow, line: int, unit: int) -> int:
    """Return which of a recipient's coupons belongs to a unit of a line; on a choice order there is one."""
    if order.kind == CHOICE:
        return 0
    return sum(int(before["quantity"]) for before in order.lines[:line]) + unit


def _set(row: RecipientRow, place: int, letter: str) -> None:
    row.coupons = row.coupons[:place] + letter + row.coupons[place + 1 :]


_PROJECT: dict[type[Any], Callable[[OrderRow, Any, int, Rows], None]] = {
    Order.RecipientsAdded: _add_recipients,
    Order.DispatchStarted: _start,
    Order.Cancelled: _cancel,
    Order.Dispatched: _end,
    Order.IssueRequested: _request_issue,
    Order.IssueSettled: _settle_issue,
    Order.ItemChosen: _choose,
    Order.ItemsAutoChosen: _auto_choose,
    Order.RecipientsGivenUp: _give_up,
    Order.MessagesRequested: _request_messages,
    Order.MessagesSettled: _settle_messages,
    Order.VoidRequested: _request_void,
    Order.VoidApproved: _approve_void,
    Order.VoidRejected: _reject_void,
    Order.VoidSettled: _settle_void,
    Order.CouponsEnded: _end_coupons,
}
