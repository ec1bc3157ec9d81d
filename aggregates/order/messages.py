"""Messages: the first to each recipient, resends, the word that an item was chosen, and new links (SPEC 3.4, R-126).

A batch is recorded before it is sent; each recipient's result joins as it comes. Alimtalk first, MMS when that fails:
which of the two reached the recipient is the provider's word. Where that word does not come within a day, the message
counts as failed: an order does not wait for ever.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from aggregates.dates import KST, business_date
from aggregates.errors import Conflict, Malformed
from aggregates.fact import Fact, Stamp, fact
from aggregates.order import choices, dispatch
from aggregates.order.issuance import (
    BatchNotOpen,
    RecipientNotInBatch,
    check_recipients,
    check_results,
    check_turn,
)
from aggregates.order.parts import BATCH_MAX, CHOICE, LIVE, CouponState, DispatchState, OpenMessages, OrderCounts

if TYPE_CHECKING:
    from aggregates.order.order import Order

FIRST = "first"
RESEND = "resend"
CHOSEN = "chosen"
LINK = "link"
COUNTED = frozenset({FIRST, RESEND})
"""Purposes whose result is a recipient's dispatch state; the others change none."""

RESENDS_MAX = 3
REPORT_WAIT = timedelta(hours=24)
"""How long a provider's word is waited for, once it has accepted a message; then it counts as failed."""

CHOSEN_FROM_HOUR = 9
"""Hour of Seoul from which people are told that an item was chosen for them (SPEC R-038)."""


class MessageNotDue(Conflict):
    """There is nothing to send to the recipient, or not yet."""

    code = "message_not_due"


class ResendLimitReached(Conflict):
    """A recipient gets at most 3 resends (SPEC D2, R-036)."""

    code = "resend_limit_reached"


class ResendNotPossible(Conflict):
    """Resends are for recipients in success or failure who still have something to get (SPEC D2, R-037)."""

    code = "resend_not_possible"


class ReportNotOverdue(Conflict):
    """The provider's word is waited for; only after 24 hours a message without one counts as failed."""

    code = "report_not_overdue"


@fact("order.messages_requested")
class MessagesRequested(Fact):
    """A message to each of these recipients is being sent.

    Attributes:
        batch: number of the batch among the order's message batches: 1, 2, 3, ...
        purpose: first, resend, chosen (an item was chosen for them), or link (a new one, see `links`).
        recipients: numbers of the recipients, at most 500.
        requested_on: KST date of it: of the first attempt.
    """

    order_id: str
    account_id: str
    batch: int
    purpose: str
    recipients: tuple[int, ...]
    requested_on: date

    def apply(self, stream: Order) -> None:
        stream.message_batches = self.batch
        stream.open_messages[self.batch] = OpenMessages(self.purpose, array("H", self.recipients), self.recorded_at)
        for recipient in self.recipients:
            stream.sending[recipient] += 1
        if self.purpose == RESEND:
            for recipient in self.recipients:
                stream.resends[recipient] += 1
        elif self.purpose == FIRST:
            stream.note_attempts(self.recipients, self.requested_on)
        elif self.purpose == LINK:
            for recipient in self.recipients:
                stream.note_link(recipient, self.recorded_at)
        else:
            for recipient in self.recipients:
                stream.auto[recipient] = 2


@fact("order.messages_settled")
class MessagesSettled(Fact):
    """The provider said what became of messages of a batch.

    Attributes:
        batch, purpose: of the request.
        alimtalk, mms: recipients reached, by channel.
        failed: recipients reached by neither.
        unreported: those of `failed` of whose message the provider never said more than that it was accepted.
        sent_on: KST date of sending: of a choice order, 7 days from it may be chosen (SPEC R-038).
        counts: recipients by dispatch state after it.
        unsettled: recipients of the batch whose result is still unknown.
    """

    VERSION: ClassVar[int] = 2

    order_id: str
    account_id: str
    batch: int
    purpose: str
    alimtalk: tuple[int, ...]
    mms: tuple[int, ...]
    failed: tuple[int, ...]
    unreported: tuple[int, ...]
    sent_on: date
    counts: OrderCounts
    unsettled: int

    def apply(self, stream: Order) -> None:
        reached = (*self.alimtalk, *self.mms)
        for recipient in (*reached, *self.failed):
            stream.sending[recipient] -= 1
        if self.purpose in COUNTED:
            for recipient in reached:
                stream.dispatch[recipient] = DispatchState.SUCCESS
            for recipient in self.failed:
                if stream.dispatch[recipient] == DispatchState.IN_PROGRESS:
                    stream.dispatch[recipient] = DispatchState.FAILED
            stream.note_reached(reached, self.sent_on)
        stream.close_messages(self.batch, {*reached, *self.failed})
        stream.counts = self.counts

    @staticmethod
    def upcast_v1_v2(stored: dict[str, Any]) -> None:
        """Say of facts from before there was a limit that every result in them was the provider's word."""
        stored["unreported"] = []


def request_messages(
    order: Order, stamp: Stamp, *, batch: int, recipients: Sequence[int], purpose: str = FIRST
) -> None:
    """Record that a message to each recipient is being sent, before it is.

    Args:
        batch: the order's next message batch.
        recipients: 1..500 numbers, each once.
        purpose: first or chosen; resends are asked for by `resend_messages`.

    Raises:
        Malformed: no such recipient, or an unknown purpose.
        OrderNotStarted: scheduled or cancelled.
        BatchOutOfTurn: figures say the next one.
        MessageNotDue: nothing to send to somebody, or not yet.

    Source: SPEC 3.4, 3.5, R-038.
    """
    check_recipients(order, recipients)
    if purpose not in (FIRST, CHOSEN):
        raise Malformed(f"purpose must be {FIRST} or {CHOSEN}", field="purpose")
    dispatch.refuse_not_started(order)
    check_turn(batch, order.message_batches)
    if purpose == CHOSEN and order.now(stamp).astimezone(KST).hour < CHOSEN_FROM_HOUR:
        raise MessageNotDue(f"people are told from {CHOSEN_FROM_HOUR:02d}:00 on")
    due = _chosen_due if purpose == CHOSEN else _first_due
    for recipient in recipients:
        if not due(order, recipient):
            raise MessageNotDue("nothing is to be sent to the recipient", recipient=recipient)
    record_request(order, stamp, purpose, recipients)


def resend_messages(order: Order, stamp: Stamp, *, recipients: Sequence[int]) -> None:
    """Record that messages are sent again, in batches of at most 500.

    Args:
        recipients: numbers, each once.

    Raises:
        Malformed: no such recipient.
        OrderNotStarted: scheduled or cancelled.
        ResendNotPossible: in progress or error, a message is on its way, or nothing is left to get.
        ResendLimitReached: somebody has had 3.
        ChoiceWindowClosed: nothing has reached somebody within 7 days of the first attempt.

    Source: SPEC D2, R-032, R-036, R-037, R-038.
    """
    check_results(recipients)
    for first in range(0, len(recipients), BATCH_MAX):
        check_recipients(order, recipients[first : first + BATCH_MAX])
    dispatch.refuse_not_started(order)
    for recipient in recipients:
        _refuse_resend(order, stamp, recipient)
    for first in range(0, len(recipients), BATCH_MAX):
        record_request(order, stamp, RESEND, recipients[first : first + BATCH_MAX])


def record_messages(
    order: Order,
    stamp: Stamp,
    *,
    batch: int,
    alimtalk: Sequence[int],
    mms: Sequence[int],
    failed: Sequence[int],
    unreported: Sequence[int] = (),
) -> None:
    """Record what the provider said of a batch, all of it or a part; the order ends with its last recipient.

    Args:
        stamp: `occurred_at` = when the messages were sent, as far as known.
        alimtalk, mms, failed: recipients of the batch, at least one together, each once.
        unreported: those of `failed` whom the provider has accepted a message to and never said more.

    Raises:
        Malformed: nobody, somebody twice, or somebody unreported who has not failed.
        BatchNotOpen: the batch is not open.
        RecipientNotInBatch: somebody is not in it or has a result.
        ReportNotOverdue: somebody unreported, less than 24 hours after the batch was requested.

    Source: SPEC 3.3, 3.4, D1, R-036, R-038, R-044.
    """
    results = [*alimtalk, *mms, *failed]
    check_results(results)
    opened = order.open_messages.get(batch)
    if opened is None:
        raise BatchNotOpen("the batch is not open")
    if not set(results) <= set(opened.recipients):
        raise RecipientNotInBatch("a recipient is not in the batch or has its result already")
    if unreported and not set(unreported) <= set(failed):
        raise Malformed("unreported must be among failed", field="unreported")
    if unreported and order.now(stamp) < opened.requested_at + REPORT_WAIT:
        raise ReportNotOverdue("a report is waited for 24 hours")
    order.record(
        MessagesSettled,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        batch=batch,
        purpose=opened.purpose,
        alimtalk=tuple(alimtalk),
        mms=tuple(mms),
        failed=tuple(failed),
        unreported=tuple(unreported),
        sent_on=business_date(stamp.occurred_at),
        counts=_counts_after(order, opened.purpose, [*alimtalk, *mms], failed),
        unsettled=len(opened.recipients) - len(results),
    )
    dispatch.record_end(order, stamp)


def record_request(order: Order, stamp: Stamp, purpose: str, recipients: Sequence[int]) -> None:
    """Record that messages are being sent, as the order's next batch."""
    order.record(
        MessagesRequested,
        stamp,
        order_id=order.order_id,
        account_id=order.account_id,
        batch=order.message_batches + 1,
        purpose=purpose,
        recipients=tuple(recipients),
        requested_on=business_date(stamp.occurred_at),
    )


def _counts_after(order: Order, purpose: str, reached: Sequence[int], failed: Sequence[int]) -> OrderCounts:
    if purpose not in COUNTED:
        return order.counts
    first = sum(order.dispatch[recipient] == DispatchState.IN_PROGRESS for recipient in reached)
    turned = sum(order.dispatch[recipient] == DispatchState.FAILED for recipient in reached)
    lost = sum(order.dispatch[recipient] == DispatchState.IN_PROGRESS for recipient in failed)
    return order.counted(success=first, failure=lost, turned=turned)


def _first_due(order: Order, recipient: int) -> bool:
    if order.dispatch[recipient] != DispatchState.IN_PROGRESS or order.sending[recipient]:
        return False
    coupons = order.coupons_of(recipient)
    if order.kind == CHOICE:
        return coupons[0] == CouponState.OPEN
    settled = CouponState.OPEN not in coupons and CouponState.REQUESTED not in coupons
    return settled and any(state in LIVE for state in coupons)


def _chosen_due(order: Order, recipient: int) -> bool:
    auto_chosen = order.kind == CHOICE and order.auto[recipient] == 1
    return auto_chosen and order.coupons_of(recipient)[0] in LIVE


def _refuse_resend(order: Order, stamp: Stamp, recipient: int) -> None:
    if order.dispatch[recipient] not in (DispatchState.SUCCESS, DispatchState.FAILED):
        raise ResendNotPossible("resends are for recipients in success or failure", recipient=recipient)
    if order.sending[recipient]:
        raise ResendNotPossible("a message to the recipient is on its way", recipient=recipient)
    coupons = order.coupons_of(recipient)
    awaits = order.kind == CHOICE and coupons[0] in (CouponState.OPEN, CouponState.CHOSEN, CouponState.REQUESTED)
    if not awaits and not any(state in LIVE for state in coupons):
        raise ResendNotPossible("the recipient has nothing left to get", recipient=recipient)
    if order.resends[recipient] >= RESENDS_MAX:
        raise ResendLimitReached("a recipient gets at most 3 resends", recipient=recipient, maximum=RESENDS_MAX)
    if awaits and coupons[0] == CouponState.OPEN and not choices.choice_is_open(order, recipient, order.now(stamp)):
        raise choices.ChoiceWindowClosed("the 7 days in which the recipient could choose are over", recipient=recipient)
