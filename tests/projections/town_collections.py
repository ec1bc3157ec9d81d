"""Money that a town collects and pays out: every fact of the books beside the prepaid one, in order and by chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aggregates.account import Account
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_parts import Source
from aggregates.collecting.payout_link import PayoutLink
from aggregates.errors import LedgerError
from aggregates.fact import Fact, Stamp
from ledger.command import ANSWERS, Answer, Command, Streams, answer
from ledger.commands.collecting.obligations import (
    FailCollectionRefund,
    FinishCollectionRefund,
    RefundCollection,
    StartCollection,
    change_due,
    known_obligation,
    open_obligation,
)
from ledger.commands.collecting.payout_links import (
    CancelPayoutLink,
    IssuePayoutLink,
    PayPayoutLink,
    RecordHolderCheck,
    RefundPayoutLink,
    RejectPayout,
    SubmitPayoutDetails,
)
from ledger.commands.collecting.payout_money import FailPayoutAttempt, FinishPayout, ReturnPaidPayout, StartPayout
from ledger.commands.collecting.withdrawals import (
    ApproveWithdrawal,
    FailWithdrawal,
    PayWithdrawal,
    RequestWithdrawal,
    ReturnWithdrawal,
)
from ledger.commands.payments import FailPayment, SettlePayment, TakePaymentBack

if TYPE_CHECKING:
    from tests.projections.town import Town


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for something in the name of a source that has no rules of its own; parts of it may be paid."""

    ANSWER: ClassVar[str] = "town-asked/1"

    account_id: str
    due_minor: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Obligation.Opened`."""
        streams.account(self.account_id)
        open_obligation(
            streams, stamp, account_id=self.account_id, source=cast("Source", "town"), source_id="twn_1",
            due_minor=self.due_minor, parts=True,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChangeDue:
    """Let something else be due; the payer's credit counts for it."""

    ANSWER: ClassVar[str] = "town-asked/1"

    obligation_id: str
    due_minor: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Obligation.Changed`, and what credit becomes."""
        obligation = known_obligation(streams, self.obligation_id)
        streams.account(obligation.account_id)
        change_due(streams, stamp, obligation, due_minor=self.due_minor, due_on=None)


@dataclass(frozen=True, slots=True)
class CollectDebits:
    """Collect debits of a batch of which nothing else is known here."""

    ANSWER: ClassVar[str] = "town-asked/1"

    account_id: str
    amount_minor: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.DebitsCollected`."""
        streams.account(self.account_id).collect_debits(
            stamp, batch_id="dbb_1", part=1, count=3, amount_minor=self.amount_minor
        )


if "town-asked/1" not in ANSWERS:

    @answer("town-asked/1")
    def asked(facts: Sequence[Fact]) -> Answer:
        """Answer with the obligation's id, where it is about one."""
        return Answer(200, {"id": next((fact.obligation_id for fact in facts if hasattr(fact, "obligation_id")), "")})


def collections(town: Town, account_id: str) -> None:
    """Collect, over-collect, give back, lose and withdraw; pay out, have it returned, given back and taken back."""
    _collect(town, account_id)
    _withdraw(town, account_id)
    _pay_out(town, account_id)


def _collect(town: Town, account_id: str) -> None:
    town.do(CollectDebits(account_id, 70_000))
    due = town.do(Ask(account_id, 50_000))["id"]
    declined = _started(town, due, 20_000)
    town.do(FailPayment(declined, "declined"))
    paid = _started(town, due, 50_000)
    # 20,000 of it are more than what is due when it settles: the payer's credit, of which 15,000 count again later.
    town.do(ChangeDue(due, 30_000))
    town.do(SettlePayment(paid))
    town.do(ChangeDue(due, 45_000))
    _refunded(town, due, paid, 2_000)
    refused = town.do(RefundCollection(due, paid, 1_000, "discount"))
    town.do(FailCollectionRefund(due, paid, refused["id"], "refused"))
    town.do(TakePaymentBack(paid, 10_000))
    _refunded(town, due, paid, 5_000)


def _withdraw(town: Town, account_id: str) -> None:
    for number in range(3):
        wanted = town.do(RequestWithdrawal(account_id, 1_000 + number, "Harbour Bank", f"dst_{number}"))["id"]
        owner, town.owner = town.owner, "Choi"
        town.do(ApproveWithdrawal(wanted))
        town.owner = owner
        if number == 0:
            town.do(FailWithdrawal(wanted, "account_closed"))
            continue
        town.do(PayWithdrawal(wanted, f"{wanted}:payout"))
        if number == 1:
            town.do(ReturnWithdrawal(wanted, f"{wanted}:payout", "account_unreachable"))


def _pay_out(town: Town, account_id: str) -> None:
    given_back, owed, settled, _waits = (paying(town, account_id, 30_000 + number) for number in range(4))
    town.do(FailPayoutAttempt(given_back, 1, "account_closed"))
    town.do(RefundPayoutLink(given_back, "not wanted"))
    link = link_of(town, given_back)
    refund = _due_of(town, link.obligation_id).payments[link.payment_id].refund_id
    town.do(FinishCollectionRefund(link.obligation_id, link.payment_id, refund))
    for link_id in (owed, settled):
        town.do(FinishPayout(link_id, 1))
        town.do(TakePaymentBack(link_of(town, link_id).payment_id, 30_000))
    town.do(ReturnPaidPayout(settled, 1, "account_unreachable"))
    withdrawn = town.do(IssuePayoutLink(account_id, 9_000, "pye_9"))["id"]
    town.do(CancelPayoutLink(withdrawn, "paid in cash"))
    rejected = town.do(IssuePayoutLink(account_id, 8_000, "pye_8", approval=True))["id"]
    town.do(SubmitPayoutDetails(rejected, "account", "pyd_8"))
    issuer, town.owner = town.owner, "Choi"
    town.do(RejectPayout(rejected, 1, "unknown holder"))
    town.owner = issuer


def paying(town: Town, account_id: str, amount: int) -> str:
    """Take a pay-out link to where the bank shall pay. Returns its id."""
    link_id: str = town.do(IssuePayoutLink(account_id, amount, f"pye_{amount}"))["id"]
    town.do(SubmitPayoutDetails(link_id, "account", f"pyd_{amount}"))
    town.do(RecordHolderCheck(link_id, 1, "full"))
    town.do(SettlePayment(town.do(PayPayoutLink(link_id, 1, "transfer"))["payment_id"]))
    town.do(StartPayout(link_id))
    return link_id


def link_of(town: Town, payout_link_id: str) -> PayoutLink:
    """Return a pay-out link as its own fold has it."""
    return next(link for link in payout_links(town) if link.payout_link_id == payout_link_id)


def payout_links(town: Town) -> list[PayoutLink]:
    """Return all pay-out links of a town."""
    return [stream for stream in town.streams.values() if isinstance(stream, PayoutLink)]


def _started(town: Town, obligation_id: str, amount: int) -> str:
    payment_id: str = town.do(StartCollection(obligation_id, amount, "card", "town"))["id"]
    return payment_id


def _refunded(town: Town, obligation_id: str, payment_id: str, amount: int) -> None:
    refund = town.do(RefundCollection(obligation_id, payment_id, amount, "discount"))
    town.do(FinishCollectionRefund(obligation_id, payment_id, refund["id"]))


def _due_of(town: Town, obligation_id: str) -> Obligation:
    return next(
        stream
        for stream in town.streams.values()
        if isinstance(stream, Obligation) and stream.obligation_id == obligation_id
    )


def collect_some(chance: random.Random, town: Town, account: Account) -> Command | None:
    """Collect or pay something out by chance, and let some of it be taken back or given back; None = a rule said no."""
    try:
        return _collect_some(chance, town, account)
    except LedgerError:
        return None


def _collect_some(chance: random.Random, town: Town, account: Account) -> Command:
    amount = chance.choice((1_000, 12_345, 50_000))
    due = town.do(Ask(account.account_id, amount))["id"]
    paid = _started(town, due, amount)
    follows: dict[str, Any] = {
        "paid": SettlePayment(paid),
        "declined": FailPayment(paid, "declined"),
        "debits": CollectDebits(account.account_id, amount),
    }
    how = chance.choice(("paid", "paid", "declined", "debits", "taken back", "given back", "paid out"))
    if how in follows:
        return cast("Command", follows[how])
    if how == "paid out":
        return _pay_some(chance, town, account)
    town.do(SettlePayment(paid))
    if how == "taken back":
        return TakePaymentBack(paid, amount)
    refund = town.do(RefundCollection(due, paid, amount // 2, "discount"))
    return FinishCollectionRefund(due, paid, refund["id"])


def _pay_some(chance: random.Random, town: Town, account: Account) -> Command:
    """Take a pay-out link to one of its ends by chance."""
    link_id = paying(town, account.account_id, chance.choice((2_000, 30_000)))
    if chance.random() < 0.5:
        return FailPayoutAttempt(link_id, 1, "account_closed")
    town.do(FinishPayout(link_id, 1))
    if chance.random() < 0.5:
        return ReturnPaidPayout(link_id, 1, "account_unreachable")
    return TakePaymentBack(link_of(town, link_id).payment_id, link_of(town, link_id).amount_minor)
