"""What the customers of the year collect and pay out: links paid, taken back and given back, withdrawals, pay-outs."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aggregates.collecting.payout_link import PayoutLink
from aggregates.dates import business_date
from ledger.commands.charges import SettleReceivable
from ledger.commands.collecting.obligations import FinishCollectionRefund, Method, RefundCollection, StartCollection
from ledger.commands.collecting.payment_links import IssuePaymentLink
from ledger.commands.collecting.payout_links import (
    IssuePayoutLink,
    PayPayoutLink,
    RecordHolderCheck,
    RefundPayoutLink,
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
    from tests.books.year import Year

STEPS_A_DAY = 2
AMOUNTS = (9_900, 30_000, 50_000, 123_456)


class Collecting:
    """The customers' collections; with dice of their own, so that the rest of the year stays as it was.

    Attributes:
        paid: (obligation, payment, amount) of links that were paid and not given back. gone: pay-outs that were made.
    """

    def __init__(self, year: Year, seed: int) -> None:
        self.year = year
        self.chance = random.Random(seed)
        self.paid: list[tuple[str, str, int]] = []
        self.gone: list[str] = []

    def live(self, at: datetime) -> None:
        """Let some of it happen on a day, from an instant of it on."""
        self.year.now = max(self.year.now, at)
        for _ in range(STEPS_A_DAY):
            self.year.now += timedelta(seconds=self.chance.randrange(1, 240))
            step = self.chance.choices([each for each, _ in STEPS], [weight for _, weight in STEPS])[0]
            step(self, self.chance.choice(self.year.prepaid + self.year.postpaid))

    def collect(self, account_id: str) -> None:
        """A payment link is issued and paid, or its payment declined."""
        amount, day = self.chance.choice(AMOUNTS), business_date(self.year.now)
        issued = self.year.attempt(IssuePaymentLink(account_id, amount, day + timedelta(days=7), "Asia/Seoul"))
        if issued is None:
            return
        ways: tuple[Method, ...] = ("card", "card", "transfer")
        method = self.chance.choice(ways)
        started = self.year.attempt(StartCollection(issued["obligation_id"], amount, method, "link"))
        if started is None:
            return
        if self.chance.random() < 0.1:
            self.year.attempt(FailPayment(started["id"], "declined"))
            return
        self.year.do(SettlePayment(started["id"]))
        self.paid.append((issued["obligation_id"], started["id"], amount))

    def take_back(self, _: str) -> None:
        """A payment of days or months ago is taken back by others."""
        if self.paid:
            _, payment_id, amount = self.paid.pop(self.chance.randrange(len(self.paid)))
            self.year.attempt(TakePaymentBack(payment_id, amount))

    def give_back(self, _: str) -> None:
        """A part of a payment goes back to its payer."""
        if self.paid:
            due, payment_id, amount = self.paid.pop(self.chance.randrange(len(self.paid)))
            started = self.year.attempt(RefundCollection(due, payment_id, amount // 3, "discount"))
            if started is not None:
                self.year.do(FinishCollectionRefund(due, payment_id, started["id"]))

    def withdraw(self, account_id: str) -> None:
        """What was collected goes to the bank; now and then it does not arrive."""
        collected = max(self.year.accounts(), key=lambda account: account.collections_minor)
        wanted = self.year.attempt(
            RequestWithdrawal(collected.account_id, collected.collections_minor // 2, "Harbour Bank", "dst_w")
        )
        if wanted is None:
            return
        owner, self.year.owner = self.year.owner, "Choi"
        self.year.do(ApproveWithdrawal(wanted["id"]))
        self.year.owner = owner
        if self.chance.random() < 0.2:
            self.year.do(FailWithdrawal(wanted["id"], "account_closed"))
            return
        self.year.do(PayWithdrawal(wanted["id"], wanted["id"]))
        if self.chance.random() < 0.2:
            self.year.do(ReturnWithdrawal(wanted["id"], wanted["id"], "account_unreachable"))

    def pay_out(self, account_id: str) -> None:
        """Somebody is paid by a link; what fails is given back to the customer, or stays held."""
        amount = self.chance.choice(AMOUNTS)
        issued = self.year.attempt(IssuePayoutLink(account_id, amount, "pye_1"))
        if issued is None:
            return
        link_id: str = issued["id"]
        self.year.do(SubmitPayoutDetails(link_id, "account", "pyd_1"))
        self.year.do(RecordHolderCheck(link_id, 1, "full"))
        paying = self.year.attempt(PayPayoutLink(link_id, 1, "transfer"))
        if paying is None:
            return
        self.year.do(SettlePayment(paying["payment_id"]))
        self.year.do(StartPayout(link_id))
        if self.chance.random() < 0.75:
            self.year.do(FinishPayout(link_id, 1))
            self.gone.append(link_id)
            return
        self.year.do(FailPayoutAttempt(link_id, 1, "account_closed"))
        if self.chance.random() < 0.6:
            self.year.do(RefundPayoutLink(link_id, "not wanted"))
            link = self._link(link_id)
            due = paying["obligation_id"]
            refund_id = next(
                fact.refund_id  # type: ignore[attr-defined]  # of the fact that started it
                for fact in reversed(self.year.facts)
                if fact.TOPIC == "obligation.refund_started"
            )
            self.year.do(FinishCollectionRefund(due, link.payment_id, refund_id))

    def come_back(self, _: str) -> None:
        """A pay-out comes back, or the payment that funded it is taken back."""
        if not self.gone:
            return
        link = self._link(self.gone.pop(self.chance.randrange(len(self.gone))))
        if self.chance.random() < 0.5:
            self.year.do(ReturnPaidPayout(link.payout_link_id, 1, "account_unreachable"))
        else:
            self.year.attempt(TakePaymentBack(link.payment_id, link.amount_minor))
            if self.chance.random() < 0.8:
                self.year.attempt(SettleReceivable(link.account_id, link.amount_minor, "wire"))

    def _link(self, link_id: str) -> PayoutLink:
        return self.year.desk().stream(PayoutLink, link_id)


STEPS: tuple[tuple[Callable[[Collecting, str], None], int], ...] = (
    (Collecting.collect, 12), (Collecting.take_back, 2), (Collecting.give_back, 2), (Collecting.withdraw, 2),
    (Collecting.pay_out, 5), (Collecting.come_back, 1),
)  # fmt: skip
"""What happens, and how often."""
