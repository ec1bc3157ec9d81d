"""Commands about what happens inside an order: issuance, messages, choices. Callers are reactions, jobs and recipients.

Each records what is about to be asked of a provider, or what the provider has said; none of them asks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.fact import Fact, Stamp
from aggregates.order import Order
from aggregates.order.messages import FIRST
from ledger.command import Answer, Streams, answer
from ledger.commands.orders import counts_json, known_order, money_json, purse_of


@dataclass(frozen=True, slots=True)
class RequestIssue:
    """Say that one coupon for each of these recipients is being asked of the issuer.

    Attributes:
        batch: the order's next issue batch, 1, 2, 3, ...
        line: index of the item; on a choice order the one that all of them have chosen.
        recipients: 1..500 numbers. unit: which of the line's quantity, from 0.
    """

    ANSWER: ClassVar[str] = "issue-requested/1"

    order_id: str
    batch: int
    line: int
    recipients: tuple[int, ...]
    unit: int = 0

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.IssueRequested`. Raises: OrderNotFound; as of `Order.request_issue`."""
        known_order(streams, self.order_id).request_issue(
            stamp, batch=self.batch, line=self.line, recipients=self.recipients, unit=self.unit
        )


@dataclass(frozen=True, slots=True)
class RecordIssued:
    """Say what the issuer definitely did with a batch, or with a part of it; money moves with it.

    Attributes:
        issued, failed: recipients of the batch. What is in neither stays unknown.
        code: the issuer's reason for those that failed.
    """

    ANSWER: ClassVar[str] = "issue-settled/1"

    order_id: str
    batch: int
    issued: tuple[int, ...]
    failed: tuple[int, ...]
    code: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.IssueSettled`, the account's captures and returns, and `Order.Dispatched` after the last one.

        Raises: OrderNotFound; as of `Order.record_issued`.
        """
        order = known_order(streams, self.order_id)
        order.record_issued(
            stamp,
            purse=purse_of(streams, order),
            batch=self.batch,
            issued=self.issued,
            failed=self.failed,
            code=self.code,
        )


@dataclass(frozen=True, slots=True)
class ChooseItem:
    """Say which item a recipient picked.

    Attributes:
        recipient: number of the recipient. line: index of the item.
        off_sale: lines whose product is discontinued now.
    """

    ANSWER: ClassVar[str] = "item-chosen/1"

    order_id: str
    recipient: int
    line: int
    off_sale: tuple[int, ...] = ()

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.ItemChosen`. Raises: OrderNotFound; as of `Order.choose_item`."""
        known_order(streams, self.order_id).choose_item(
            stamp, recipient=self.recipient, line=self.line, off_sale=self.off_sale
        )


@dataclass(frozen=True, slots=True)
class AutoChoose:
    """Choose for recipients whose 7 days are over.

    Attributes:
        recipients: 1..500 numbers; who has chosen meanwhile is left out.
        off_sale: lines whose product is discontinued now.
    """

    ANSWER: ClassVar[str] = "auto-chosen/1"

    order_id: str
    recipients: tuple[int, ...]
    off_sale: tuple[int, ...] = ()

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.ItemsAutoChosen` for each item, and `Order.RecipientsGivenUp` for whom none is left.

        Raises: OrderNotFound; as of `Order.auto_choose`.
        """
        order = known_order(streams, self.order_id)
        order.auto_choose(stamp, purse=purse_of(streams, order), recipients=self.recipients, off_sale=self.off_sale)


@dataclass(frozen=True, slots=True)
class GiveUpRecipients:
    """Give the whole price back for recipients of a choice order who cannot get anything.

    Attributes:
        recipients: 1..500 numbers.
        reason: not_delivered or items_gone.
        off_sale: lines whose product is discontinued now (for items_gone).
    """

    ANSWER: ClassVar[str] = "given-up/1"

    order_id: str
    recipients: tuple[int, ...]
    reason: str
    off_sale: tuple[int, ...] = ()

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.SpendReturned` and `Order.RecipientsGivenUp`.

        Raises: OrderNotFound; as of `Order.give_up`.
        """
        order = known_order(streams, self.order_id)
        order.give_up(
            stamp,
            purse=purse_of(streams, order),
            recipients=self.recipients,
            reason=self.reason,
            off_sale=self.off_sale,
        )


@dataclass(frozen=True, slots=True)
class RequestMessages:
    """Say that a message to each of these recipients is being sent.

    Attributes:
        batch: the order's next message batch, 1, 2, 3, ...
        recipients: 1..500 numbers.
        purpose: first, or chosen (an item was chosen for them).
    """

    ANSWER: ClassVar[str] = "messages-requested/1"

    order_id: str
    batch: int
    recipients: tuple[int, ...]
    purpose: str = FIRST

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.MessagesRequested`. Raises: OrderNotFound; as of `Order.request_messages`."""
        known_order(streams, self.order_id).request_messages(
            stamp, batch=self.batch, recipients=self.recipients, purpose=self.purpose
        )


@dataclass(frozen=True, slots=True)
class ResendMessages:
    """Ask to send recipients their message again.

    Attributes:
        recipients: numbers of any count; batches of 500 are made of them.
    """

    ANSWER: ClassVar[str] = "messages-requested/1"

    order_id: str
    recipients: tuple[int, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.MessagesRequested` for each 500. Raises: OrderNotFound; as of `Order.resend_messages`."""
        known_order(streams, self.order_id).resend_messages(stamp, recipients=self.recipients)


@dataclass(frozen=True, slots=True)
class SendLink:
    """Send a recipient whose link is locked a new one."""

    ANSWER: ClassVar[str] = "messages-requested/1"

    order_id: str
    recipient: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.MessagesRequested`. Raises: OrderNotFound; as of `Order.send_link`."""
        known_order(streams, self.order_id).send_link(stamp, recipient=self.recipient)


@dataclass(frozen=True, slots=True)
class RecordMessages:
    """Say what became of messages of a batch, or of a part of it.

    Attributes:
        alimtalk, mms, failed: recipients of the batch. Who is in none stays unknown.
        unreported: those of `failed` of whose message the provider has never said more than that it was accepted.
    """

    ANSWER: ClassVar[str] = "messages-settled/1"

    order_id: str
    batch: int
    alimtalk: tuple[int, ...]
    mms: tuple[int, ...]
    failed: tuple[int, ...]
    unreported: tuple[int, ...] = ()

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Order.MessagesSettled`, and `Order.Dispatched` after the last recipient.

        Raises: OrderNotFound; as of `Order.record_messages`.
        """
        known_order(streams, self.order_id).record_messages(
            stamp,
            batch=self.batch,
            alimtalk=self.alimtalk,
            mms=self.mms,
            failed=self.failed,
            unreported=self.unreported,
        )


@answer("issue-requested/1")
def issue_requested(facts: Sequence[Fact]) -> Answer:
    """Answer with the batch that may now be asked of the issuer."""
    fact = next(fact for fact in facts if isinstance(fact, Order.IssueRequested))
    return Answer(200, {"id": fact.order_id, "batch": fact.batch, "sku": fact.sku, "recipients": len(fact.recipients)})


@answer("issue-settled/1")
def issue_settled(facts: Sequence[Fact]) -> Answer:
    """Answer with the batch's result and the order's money."""
    fact = next(fact for fact in facts if isinstance(fact, Order.IssueSettled))
    return Answer(
        200,
        {
            "id": fact.order_id,
            "batch": fact.batch,
            "issued": len(fact.issued),
            "failed": len(fact.failed),
            "reopened": len(fact.reopened),
            "unsettled": fact.unsettled,
            **money_json(fact.money),
            "counts": counts_json(fact.counts),
        },
    )


@answer("item-chosen/1")
def item_chosen(facts: Sequence[Fact]) -> Answer:
    """Answer with a selection."""
    fact = next(fact for fact in facts if isinstance(fact, Order.ItemChosen))
    return Answer(
        200,
        {
            "id": fact.order_id,
            "recipient": fact.recipient,
            "line": fact.line,
            "difference": fact.difference_minor,
        },
    )


@answer("auto-chosen/1")
def auto_chosen(facts: Sequence[Fact]) -> Answer:
    """Answer with what was chosen for whom, and who gets nothing."""
    chosen = [fact for fact in facts if isinstance(fact, Order.ItemsAutoChosen)]
    given_up = [fact for fact in facts if isinstance(fact, Order.RecipientsGivenUp)]
    shape: dict[str, Any] = {
        "id": (chosen or given_up)[0].order_id,
        "chosen": [{"line": fact.line, "recipients": list(fact.recipients)} for fact in chosen],
        "given_up": [recipient for fact in given_up for recipient in fact.recipients],
    }
    return Answer(200, shape)


@answer("given-up/1")
def given_up(facts: Sequence[Fact]) -> Answer:
    """Answer with what went back."""
    fact = next(fact for fact in facts if isinstance(fact, Order.RecipientsGivenUp))
    shape = {"id": fact.order_id, "recipients": len(fact.recipients), "reason": fact.reason}
    return Answer(200, {**shape, **money_json(fact.money), "counts": counts_json(fact.counts)})


@answer("messages-requested/1")
def messages_requested(facts: Sequence[Fact]) -> Answer:
    """Answer with the batches that may now be sent."""
    requested = [fact for fact in facts if isinstance(fact, Order.MessagesRequested)]
    return Answer(
        200,
        {
            "id": requested[0].order_id,
            "purpose": requested[0].purpose,
            "batches": [{"batch": fact.batch, "recipients": len(fact.recipients)} for fact in requested],
        },
    )


@answer("messages-settled/1")
def messages_settled(facts: Sequence[Fact]) -> Answer:
    """Answer with the batch's result and the order's counters."""
    fact = next(fact for fact in facts if isinstance(fact, Order.MessagesSettled))
    return Answer(
        200,
        {
            "id": fact.order_id,
            "batch": fact.batch,
            "purpose": fact.purpose,
            "success": len(fact.alimtalk) + len(fact.mms),
            "failure": len(fact.failed),
            "unsettled": fact.unsettled,
            "counts": counts_json(fact.counts),
        },
    )
