"""An order of mobile coupons, composed of its nouns: each file beside this one holds facts, decisions and folds of one.

The state keeps only what a decision reads, a byte or a few for each recipient and coupon: an order of 10,000 recipients
stays far below a megabyte. Who the recipients are is not in it: tokens are in the facts, and in views.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Container, Iterable
from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID

from aggregates.account.billing.months import month_of
from aggregates.account.parts import MonthPart
from aggregates.dates import billing_month
from aggregates.fact import Stamp, Stream, stream_class
from aggregates.order import choices, dispatch, endings, issuance, links, messages, placing, silence, voids
from aggregates.order.parts import (
    CHOICE,
    GENERAL,
    NO_LINE,
    CouponState,
    OpenIssue,
    OpenMessages,
    OpenVoid,
    OrderCounts,
    OrderLine,
    OrderMoney,
)

_NOBODY = OrderCounts(0, 0, 0, 0)
_MONTHS_MAX = 255
"""A coupon issued so many months after its order counts as issued in that one."""

_BYTES_AT_REST = 1_500
_BYTES_OF_A_BATCH = 150


@stream_class("order")
class Order(Stream):
    """One order.

    Attributes:
        order_id, number, account_id, member_id, spend_id, kind, lines, designated, ordered_on, scheduled_at: as placed.
        status: scheduled, sending, dispatched or cancelled.
        recipients, coupons_each: how many; a coupon's number is recipient x coupons_each + place.
        unit_minor: part of the amount for one recipient.
        amount_minor, held_minor, issued_minor, returned_minor: amount = held + issued + returned, always.
        counts: recipients by dispatch state.
        dispatch, coupons: a `DispatchState` for each recipient, a `CouponState` for each coupon.
        sending: messages on their way, for each recipient. resends: those asked for.
        new_links: how many a recipient was sent in place of locked ones, and when the last; of those who were.
        chosen: line for each recipient of a choice order, or `NO_LINE`. auto: 1 = chosen for it, 2 = and told so.
        issue_batches, message_batches, voids: numbers of the last ones.
        open_issues, open_messages, open_voids: what waits for a result, by number.
    """

    __slots__ = (
        "_attempted",
        "_excluded",
        "_issued",
        "_reached",
        "account_id",
        "amount_minor",
        "auto",
        "chosen",
        "counts",
        "coupons",
        "coupons_each",
        "designated",
        "dispatch",
        "held_minor",
        "issue_batches",
        "issued_minor",
        "kind",
        "lines",
        "member_id",
        "message_batches",
        "new_links",
        "number",
        "open_issues",
        "open_messages",
        "open_voids",
        "order_id",
        "ordered_on",
        "recipients",
        "resends",
        "returned_minor",
        "scheduled_at",
        "sending",
        "spend_id",
        "status",
        "unit_minor",
        "voids",
    )

    Placed = placing.OrderPlaced
    RecipientsAdded = placing.RecipientsAdded
    place = placing.place_order

    DispatchStarted = dispatch.DispatchStarted
    Cancelled = dispatch.OrderCancelled
    Dispatched = dispatch.OrderDispatched
    start_dispatch = dispatch.start_dispatch
    cancel = dispatch.cancel_order

    IssueRequested = issuance.IssueRequested
    IssueSettled = issuance.IssueSettled
    request_issue = issuance.request_issue
    record_issued = issuance.record_issued

    ItemChosen = choices.ItemChosen
    choose_item = choices.choose_item

    ItemsAutoChosen = silence.ItemsAutoChosen
    RecipientsGivenUp = silence.RecipientsGivenUp
    auto_choose = silence.auto_choose
    give_up = silence.give_up_recipients

    MessagesRequested = messages.MessagesRequested
    MessagesSettled = messages.MessagesSettled
    request_messages = messages.request_messages
    resend_messages = messages.resend_messages

    send_link = links.send_link
    record_messages = messages.record_messages

    VoidRequested = voids.VoidRequested
    VoidApproved = voids.VoidApproved
    VoidRejected = voids.VoidRejected
    VoidSettled = voids.VoidSettled
    request_void = voids.request_void
    approve_void = voids.approve_void
    reject_void = voids.reject_void
    record_voided = voids.record_voided

    CouponsEnded = endings.CouponsEnded
    end_coupons = endings.end_coupons

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.order_id = ""
        self.number = ""
        self.account_id = ""
        self.member_id: str | None = None
        self.spend_id = ""
        self.kind = GENERAL
        self.status = dispatch.SCHEDULED
        self.lines: tuple[OrderLine, ...] = ()
        self.designated: int | None = None
        self.ordered_on = date.min
        self.scheduled_at: datetime | None = None
        self.unit_minor = 0
        self.amount_minor = self.held_minor = self.issued_minor = self.returned_minor = 0
        self.counts = _NOBODY
        self.issue_batches = self.message_batches = self.voids = 0
        self.open_issues: dict[int, OpenIssue] = {}
        self.open_messages: dict[int, OpenMessages] = {}
        self.new_links: dict[int, tuple[int, datetime]] = {}
        self.open_voids: dict[int, OpenVoid] = {}
        self._make_room(0, 0)

    # -- what decisions ask ------------------------------------------------------------------------------------

    def now(self, stamp: Stamp) -> datetime:
        """Return the instant at which the next fact will be recorded: never before the last one's."""
        return max(stamp.recorded_at, self.recorded_at)

    def place_of(self, line: int, unit: int) -> int:
        """Return which of a recipient's coupons belongs to a unit of a line; on a choice order there is one."""
        return 0 if self.kind == CHOICE else sum(before.quantity for before in self.lines[:line]) + unit

    def coupons_of(self, recipient: int) -> bytearray:
        """Return the states of a recipient's coupons."""
        return self.coupons[recipient * self.coupons_each : (recipient + 1) * self.coupons_each]

    def price_of(self, coupon: int) -> int:
        """Return what was paid for a coupon that was issued."""
        recipient, place = divmod(coupon, self.coupons_each)
        if self.kind == CHOICE:
            return self.lines[self.chosen[recipient]].sale_minor
        for line in self.lines:
            place -= line.quantity
            if place < 0:
                return line.sale_minor
        raise AssertionError("every coupon belongs to a line")

    def issued_in(self, coupons: Iterable[int], minor: Callable[[int], int] | None = None) -> tuple[MonthPart, ...]:
        """Return the price of issued coupons by the month of their issuance; empty for a prepaid order.

        Args:
            minor: what counts of each coupon in the place of its price.
        """
        if not self._issued:
            return ()
        price_of = minor or self.price_of
        parts: dict[str, MonthPart] = {}
        for coupon in coupons:
            month = _month_after(self.ordered_on, max(0, self._issued[coupon] - 1))
            known = parts.get(month, MonthPart(month, 0, 0))
            parts[month] = MonthPart(month, known.amount_minor + price_of(coupon), known.coupons + 1)
        return tuple(parts[month] for month in sorted(parts))

    def is_excluded(self, recipient: int, line: int) -> bool:
        """Say whether an item could not be issued to a recipient of a choice order."""
        return bool(self._excluded[recipient] >> line & 1)

    def has_other(self, recipient: int, line: int) -> bool:
        """Say whether a recipient of a choice order could still have an item when `line` cannot be issued."""
        excluded: int = self._excluded[recipient] | 1 << line
        return excluded.bit_count() < len(self.lines)

    def reached_on(self, recipient: int) -> date | None:
        """Return the day on which the first successful message to a recipient was sent."""
        return self._day(self._reached, recipient)

    def attempted_on(self, recipient: int) -> date | None:
        """Return the day of the first attempt to reach a recipient."""
        return self._day(self._attempted, recipient)

    def money(self, *, issued_minor: int = 0, returned_minor: int = 0) -> OrderMoney:
        """Return where the amount is after so much more is issued and returned."""
        return OrderMoney(
            amount_minor=self.amount_minor,
            held_minor=self.held_minor - issued_minor - returned_minor,
            issued_minor=self.issued_minor + issued_minor,
            returned_minor=self.returned_minor + returned_minor,
        )

    def counted(self, *, success: int = 0, failure: int = 0, error: int = 0, turned: int = 0) -> OrderCounts:
        """Return the counters after so many leave progress, and `turned` go from failure to success."""
        counts = self.counts
        return OrderCounts(
            progress=counts.progress - success - failure - error,
            success=counts.success + success + turned,
            failure=counts.failure + failure - turned,
            error=counts.error + error,
        )

    def size_bytes(self) -> int:
        """Return about what this order takes in memory, without its pending facts."""
        by_one = (self.dispatch, self.coupons, self.sending, self.resends, self.chosen, self.auto, self._issued)
        by_more = (self._reached, self._attempted, self._excluded)
        waiting = [opened.recipients for opened in self.open_issues.values()]
        waiting += [opened.recipients for opened in self.open_messages.values()]
        waiting += [opened.coupons for opened in self.open_voids.values()]
        return (
            _BYTES_AT_REST
            + sum(map(len, by_one))
            + sum(len(figures) * figures.itemsize for figures in by_more)
            + sum(_BYTES_OF_A_BATCH + len(numbers) * numbers.itemsize for numbers in waiting)
            + _BYTES_OF_A_BATCH * len(self.new_links)
            + 200 * len(self.lines)
        )

    # -- what folds do -----------------------------------------------------------------------------------------

    def begin(self, recipients: int, coupons_each: int, *, by_month: bool = False) -> None:
        """Fold: nobody is reached and nothing issued yet; a postpaid order will know the month of each coupon."""
        self.counts = OrderCounts(progress=recipients, success=0, failure=0, error=0)
        self._make_room(recipients, coupons_each)
        if by_month:
            self._issued = bytearray(recipients * coupons_each)

    def take_money(self, money: OrderMoney) -> None:
        """Fold: where the amount is now."""
        self.held_minor, self.issued_minor, self.returned_minor = (
            money.held_minor,
            money.issued_minor,
            money.returned_minor,
        )

    def set_coupons(self, coupons: Iterable[int], state: CouponState) -> None:
        """Fold: coupons are in a state now."""
        for coupon in coupons:
            self.coupons[coupon] = state

    def note_issued(self, coupons: Iterable[int], at: datetime) -> None:
        """Fold: coupons of a postpaid order were issued at an instant: their month decides which invoice has them."""
        if self._issued:
            month = min(_MONTHS_MAX, _months_between(self.ordered_on, at) + 1)
            for coupon in coupons:
                self._issued[coupon] = month

    def choose(self, recipient: int, line: int) -> None:
        """Fold: a recipient's item is settled."""
        self.coupons[recipient] = CouponState.CHOSEN
        self.chosen[recipient] = line

    def exclude(self, recipient: int, line: int) -> None:
        """Fold: an item could not be issued to a recipient; nothing is chosen any more."""
        self._excluded[recipient] |= 1 << line
        self.chosen[recipient] = NO_LINE
        self.auto[recipient] = 0

    def note_attempts(self, recipients: Iterable[int], on: date) -> None:
        """Fold: the first attempt to reach recipients."""
        self._note(self._attempted, recipients, on)

    def note_reached(self, recipients: Iterable[int], on: date) -> None:
        """Fold: messages reached recipients; only the first time counts."""
        self._note(self._reached, recipients, on)

    def note_link(self, recipient: int, at: datetime) -> None:
        """Fold: a recipient is sent a new link."""
        sent, _ = self.new_links.get(recipient, (0, at))
        self.new_links[recipient] = (sent + 1, at)

    def close_issue(self, batch: int, settled: Container[int]) -> None:
        """Fold: recipients of an issue batch have their results."""
        opened = self.open_issues.pop(batch)
        left = _without(opened.recipients, settled)
        if left:
            self.open_issues[batch] = opened._replace(recipients=left)

    def close_messages(self, batch: int, settled: Container[int]) -> None:
        """Fold: recipients of a message batch have their results."""
        opened = self.open_messages.pop(batch)
        left = _without(opened.recipients, settled)
        if left:
            self.open_messages[batch] = opened._replace(recipients=left)

    def close_void(self, void: int, settled: Container[int]) -> None:
        """Fold: coupons of a void have their results."""
        opened = self.open_voids.pop(void)
        left = _without(opened.coupons, settled)
        if left:
            self.open_voids[void] = opened._replace(coupons=left)

    def copy(self) -> Self:
        """Return an independent copy; immutable value parts are shared."""
        twin = type(self).__new__(type(self))
        for name in (*Stream.__slots__, *Order.__slots__):
            value = getattr(self, name)
            setattr(twin, name, value[:] if isinstance(value, (bytearray, array)) else value)
        twin.open_issues = dict(self.open_issues)
        twin.open_messages = dict(self.open_messages)
        twin.new_links = dict(self.new_links)
        twin.open_voids = dict(self.open_voids)
        twin.pending = list(self.pending)
        return twin

    def _make_room(self, recipients: int, coupons_each: int) -> None:
        choosers = recipients if self.kind == CHOICE else 0
        self.recipients = recipients
        self.coupons_each = coupons_each
        self.dispatch = bytearray(recipients)
        self._issued = bytearray()
        self.coupons = bytearray(recipients * coupons_each)
        self.sending = bytearray(recipients)
        self.resends = bytearray(recipients)
        self.chosen = bytearray([NO_LINE]) * choosers
        self.auto = bytearray(choosers)
        self._excluded = array("I", bytes(4 * choosers))
        self._reached = array("H", bytes(2 * recipients))
        self._attempted = array("H", bytes(2 * recipients))

    def _day(self, days: array[int], recipient: int) -> date | None:
        """Return a day that is stored as the days since the order, from 1; 0 is none."""
        after = days[recipient]
        return self.ordered_on + timedelta(days=after - 1) if after else None

    def _note(self, days: array[int], recipients: Iterable[int], on: date) -> None:
        after = max(0, (on - self.ordered_on).days) + 1
        for recipient in recipients:
            if not days[recipient]:
                days[recipient] = after


def _months_between(start: date, at: datetime) -> int:
    """Return how many calendar months lie between the month of a day and that of an instant, both in Seoul."""
    month = month_of(at)
    return max(0, (int(month[:4]) - start.year) * 12 + int(month[5:]) - start.month)


def _month_after(start: date, months: int) -> str:
    """Return "YYYY-MM" of so many months after that of a day."""
    years, month = divmod(start.month - 1 + months, 12)
    return billing_month(date(start.year + years, month + 1, 1))


def _without(numbers: array[int], settled: Container[int]) -> array[int]:
    return array(numbers.typecode, [number for number in numbers if number not in settled])
