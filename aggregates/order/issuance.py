"""Issuance: coupons asked of the issuer in batches, and what it definitely said of each (SPEC 3.5, R-031, R-045).

A batch is recorded before the issuer is asked. What the issuer does not know yet stays open; nothing is ever treated as
failed that was not said to have failed. Money moves with the result: taken for what was issued, given back for what
finally failed.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aggregates.errors import Conflict, Malformed
from aggregates.fact import Fact, Stamp, fact
from aggregates.order import dispatch
from aggregates.order.parts import BATCH_MAX, CHOICE, CouponState, DispatchState, OpenIssue, OrderCounts, OrderMoney
from aggregates.order.purse import Purse

if TYPE_CHECKING:
    from aggregates.order.order import Order


class BatchOutOfTurn(Conflict):
    """Batches of one kind are numbered 1, 2, 3, ...; figures say the next one."""

    code = "batch_out_of_turn"


class BatchNotOpen(Conflict):
    """The batch was never asked for, or all of it has its result."""

    code = "batch_not_open"


class RecipientNotInBatch(Conflict):
    """A recipient is not in the batch, or has its result already."""

    code = "recipient_not_in_batch"


class CouponNotIssuable(Conflict):
    """A coupon of the batch is not waiting to be issued."""

    code = "coupon_not_issuable"


@fact("order.issue_requested")
class IssueRequested(Fact):
    """One coupon for each of these recipients is being asked of the issuer.

    Attributes:
        batch: number of the batch among the order's issue batches: 1, 2, 3, ...
        line: index of the item.
        unit: which of its quantity, from 0; always 0 on a choice order.
        sku: the issuer's name for it.
        recipients: numbers of the recipients, at most 500.
    """

    order_id: str
    account_id: str
    batch: int
    line: int
    unit: int
    sku: str
    recipients: tuple[int, ...]

    def apply(self, stream: Order) -> None:
        stream.issue_batches = self.batch
        stream.open_issues[self.batch] = OpenIssue(self.line, self.unit, array("H", self.recipients))
        place = stream.place_of(self.line, self.unit)
        for recipient in self.recipients:
            stream.coupons[recipient * stream.coupons_each + place] = CouponState.REQUESTED


@fact("order.issue_settled")
class IssueSettled(Fact):
    """The issuer definitely said what became of coupons of a batch; the money moved in the same commit.

    Attributes:
        batch, line, unit: of the request.
        issued: recipients whose coupon exists. Its number is in the vault.
        failed: recipients whose coupon could not be issued.
        code: the issuer's reason for those that failed; null when none has.
        reopened: of the failed ones, those who may choose another item (SPEC R-046).
        errored: recipients of whom no coupon at all could be issued: nothing is sent to them.
        captured_minor: price of what was issued.
        returned_minor: given back: differences of choices, and the price of what finally failed.
        money: of the order after it.
        counts: recipients by dispatch state after it.
        unsettled: recipients of the batch whose result is still unknown.
    """

    order_id: str
    account_id: str
    batch: int
    line: int
    unit: int
    issued: tuple[int, ...]
    failed: tuple[int, ...]
    code: str | None
    reopened: tuple[int, ...]
    errored: tuple[int, ...]
    captured_minor: int
    returned_minor: int
    money: OrderMoney
    counts: OrderCounts
    unsettled: int

    def apply(self, stream: Order) -> None:
        place = stream.place_of(self.line, self.unit)
        each, coupons = stream.coupons_each, stream.coupons
        for recipient in self.issued:
            coupons[recipient * each + place] = CouponState.ISSUED
        stream.note_issued((recipient * each + place for recipient in self.issued), self.recorded_at)
        for recipient in self.failed:
            coupons[recipient * each + place] = CouponState.ISSUE_FAILED
        for recipient in self.reopened:
            coupons[recipient * each + place] = CouponState.OPEN
        if stream.kind == CHOICE:
            for recipient in self.failed:
                stream.exclude(recipient, self.line)
        for recipient in self.errored:
            stream.dispatch[recipient] = DispatchState.ERROR
        stream.close_issue(self.batch, {*self.issued, *self.failed})
        stream.take_money(self.money)
        stream.counts = self.counts


def request_issue(
    order: Order, stamp: Stamp, *, batch: int, line: int, recipients: Sequence[int], unit: int = 0
) -> None:
    """Record that one coupon for each recipient is being asked of the issuer, before it is asked.

    Args:
        batch: the order's next issue batch.
        line: index of the item; on a choice order the one that all of these recipients have chosen.
        recipients: 1..500 numbers, each once.
        unit: which of the line's quantity, from 0.

    Raises:
        Malformed: no such line, unit or recipient, or one twice.
        OrderNotStarted: scheduled or cancelled.
        BatchOutOfTurn: figures say the next one.
        CouponNotIssuable: a coupon is not waiting, or the recipient chose another item.

    Source: SPEC 3.5, R-031.
    """
    check_recipients(order, recipients)
    if not 0 <= line < len(order.lines) or not 0 <= unit < order.lines[line].quantity:
        raise Malformed("line and unit must be those of an item of the order", field="line")
    dispatch.refuse_not_started(order)
    check_turn(batch, order.issue_batches)
    place = order.place_of(line, unit)
    choice = order.kind == CHOICE
    waiting = CouponState.CHOSEN if choice else CouponState.OPEN
    for recipient in recipients:
        waits = order.coupons[recipient * order.coupons_each + place] == waiting
        if not waits or (choice and order.chosen[recipient] != line):
            raise CouponNotIssuable("a coupon of the batch is not waiting to be issued", recipient=recipient)
    order.record(
        IssueRequested,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        batch=batch,
        line=line,
        unit=unit,
        sku=order.lines[line].sku,
        recipients=tuple(recipients),
    )


def record_issued(
    order: Order,
    stamp: Stamp,
    *,
    purse: Purse,
    batch: int,
    issued: Sequence[int],
    failed: Sequence[int],
    code: str | None = None,
) -> None:
    """Record what the issuer definitely said of a batch, all of it or a part; take and give back the money.

    Args:
        issued, failed: recipients of the batch, at least one together, each once.
        code: the issuer's reason for those that failed.

    Raises:
        Malformed: nobody, or somebody twice.
        BatchNotOpen: the batch is not open.
        RecipientNotInBatch: somebody is not in it or has a result.
        AccountIsClosed: the account is closed.

    Source: SPEC P7, R-031, R-041, R-042, R-043, R-046, R-076.
    """
    check_results([*issued, *failed])
    opened = order.open_issues.get(batch)
    if opened is None:
        raise BatchNotOpen("the batch is not open")
    if not {*issued, *failed} <= set(opened.recipients):
        raise RecipientNotInBatch("a recipient is not in the batch or has its result already")
    purse.check()
    line = order.lines[opened.line]
    captured_minor = line.sale_minor * len(issued)
    choice = order.kind == CHOICE
    difference_minor = order.unit_minor - line.sale_minor if choice else 0
    reopened = tuple(recipient for recipient in failed if choice and order.has_other(recipient, opened.line))
    lost_minor = (order.unit_minor if choice else line.sale_minor) * (len(failed) - len(reopened))
    purse.capture(stamp, captured_minor, len(issued))
    for _ in issued:
        # One entry for each selection (SPEC R-042).
        purse.refund_difference(stamp, difference_minor)
    purse.give_back(stamp, lost_minor, "issue_failed")
    errored = () if choice else _errored(order, opened, failed)
    returned_minor = difference_minor * len(issued) + lost_minor
    order.record(
        IssueSettled,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        batch=batch,
        line=opened.line,
        unit=opened.unit,
        issued=tuple(issued),
        failed=tuple(failed),
        code=code if failed else None,
        reopened=reopened,
        errored=errored,
        captured_minor=captured_minor,
        returned_minor=returned_minor,
        money=order.money(issued_minor=captured_minor, returned_minor=returned_minor),
        counts=order.counted(error=len(errored)),
        unsettled=len(opened.recipients) - len(issued) - len(failed),
    )
    dispatch.record_end(order, stamp)


def check_recipients(order: Order, recipients: Sequence[int]) -> None:
    """Refuse what is not 1..500 different recipients of the order. Raises: Malformed."""
    if not 1 <= len(recipients) <= BATCH_MAX or len(set(recipients)) != len(recipients):
        raise Malformed(f"a batch names 1 to {BATCH_MAX} recipients, each once", field="recipients")
    if min(recipients) < 0 or max(recipients) >= order.recipients:
        raise Malformed("a recipient is not one of the order", field="recipients")


def check_results(recipients: Sequence[int]) -> None:
    """Refuse a result about nobody, or about somebody twice. Raises: Malformed."""
    if not recipients or len(set(recipients)) != len(recipients):
        raise Malformed("a result names at least one recipient, and each once", field="recipients")


def check_turn(batch: int, last: int) -> None:
    """Refuse a batch that is not the next one of its kind. Raises: BatchOutOfTurn."""
    if batch != last + 1:
        raise BatchOutOfTurn("batches are numbered in order", expected=last + 1)


def _errored(order: Order, opened: OpenIssue, failed: Sequence[int]) -> tuple[int, ...]:
    """Return those of a general order's recipients of whom every coupon has failed now, this one as the last."""
    each, place = order.coupons_each, order.place_of(opened.line, opened.unit)
    lost = bytes([CouponState.ISSUE_FAILED]) * each
    errored = []
    for recipient in failed:
        coupons = bytearray(order.coupons[recipient * each : (recipient + 1) * each])
        coupons[place] = CouponState.ISSUE_FAILED
        if coupons == lost:
            errored.append(recipient)
    return tuple(errored)
