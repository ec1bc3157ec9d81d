"""Commands that decide what becomes of money that came in at a bank and that nothing explained (SPEC R-062, R-088)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates import ids
from aggregates.account import Account
from aggregates.account.bank_deposits import require_currency
from aggregates.fact import Fact, Stamp
from aggregates.reconciliation.counterpart import Counterpart, counterpart_id
from aggregates.reconciliation.facts import LineMatched, ParkedCredited, ParkedReturned
from aggregates.reconciliation.parts import BANK
from aggregates.reconciliation.rules import MANUAL
from ledger.command import Answer, Streams, answer
from ledger.commands.invoices import PayInvoices, PaySettlement
from ledger.commands.matching import tally_with


@dataclass(frozen=True, slots=True)
class CreditParkedMoney:
    """Put parked money on a prepaid account: it becomes a lot of today."""

    ANSWER: ClassVar[str] = "parked-money/1"

    line_id: str
    account_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.BankDepositCredited` and `Tally.ParkedCredited`.

        Raises:
            NotFound: no such line, no such account. LineNotParked.
            LedgerError: as of `Account.credit_bank_deposit`.

        Source: SPEC R-062.
        """
        account = streams.account(self.account_id)
        tally = tally_with(streams, self.line_id)
        line = tally.require_parked(self.line_id)
        credited = account.credit_bank_deposit(
            stamp,
            line_id=self.line_id,
            amount_minor=line.amount_minor,
            currency=tally.currency,
            reason=self.reason,
        )
        tally.credit(
            stamp,
            line_id=self.line_id,
            account_id=self.account_id,
            deposit_id=credited.deposit_id,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True)
class ReturnParkedMoney:
    """Have parked money sent back; the bank's own line of it will be matched with that."""

    ANSWER: ClassVar[str] = "parked-money/1"

    line_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Tally.ParkedReturned`. Raises: NotFound: no such line. As of `Tally.give_back`."""
        tally_with(streams, self.line_id).give_back(stamp, line_id=self.line_id, reason=self.reason)


@dataclass(frozen=True, slots=True)
class PayWithParkedMoney:
    """Pay a postpaid customer's invoices with parked money, all of it.

    Attributes:
        parts: (invoice id, amount in minor units) that make the line's amount; empty = the oldest invoices first, and
            what is left as an advance.
        reason: why it is this customer's, in the operator's words.
    """

    ANSWER: ClassVar[str] = "parked-money-paid/1"

    line_id: str
    account_id: str
    parts: tuple[tuple[str, int], ...]
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record the payment on the account, and that the line stands for it.

        Raises:
            NotFound: no such line, account or invoice. LineNotParked. DepositCurrencyMismatch.
            LedgerError: as of `PayInvoices` and `PaySettlement`.

        Source: SPEC R-062, R-088.
        """
        account = streams.account(self.account_id)
        tally = tally_with(streams, self.line_id)
        item_id = ids.child_id("itm", self.account_id, account.version + 1)
        guard = streams.stream(Counterpart, counterpart_id(BANK, item_id))
        line = tally.require_parked(self.line_id)
        require_currency(account, tally.currency)
        amount_minor, reference = line.amount_minor, self.line_id
        if self.parts:
            PayInvoices(self.account_id, amount_minor, self.parts, reference, "transfer").decide(streams, stamp)
        else:
            PaySettlement(self.account_id, amount_minor, reference).decide(streams, stamp)
        tally.match(stamp, line_id=self.line_id, items=(item_id,), remittance_id=None, rule=MANUAL, reason=self.reason)
        guard.take(stamp, item_id=item_id, side=BANK, line_id=self.line_id)


@answer("parked-money/1")
def parked_money(facts: Sequence[Fact]) -> Answer:
    """Answer with what became of parked money."""
    fact = next(fact for fact in facts if isinstance(fact, ParkedCredited | ParkedReturned))
    credited = fact if isinstance(fact, ParkedCredited) else None
    return Answer(
        200,
        _json(
            fact.line_id,
            "returned" if credited is None else "credited",
            fact.amount_minor,
            fact.currency,
            account_id=None if credited is None else credited.account_id,
            deposit_id=None if credited is None else credited.deposit_id,
            item_id=fact.item_id if isinstance(fact, ParkedReturned) else None,
            reason=fact.reason,
        ),
    )


@answer("parked-money-paid/1")
def parked_money_paid(facts: Sequence[Fact]) -> Answer:
    """Answer with the payment that parked money made."""
    paid = next(fact for fact in facts if isinstance(fact, Account.SettlementPaid))
    line = next(fact for fact in facts if isinstance(fact, LineMatched))
    body = _json(
        line.line_id,
        "matched",
        line.amount_minor,
        line.currency,
        account_id=ids.account_of(line.items[0]),
        deposit_id=None,
        item_id=line.items[0],
        reason=line.reason,
    )
    invoices = [{"invoice_id": part.invoice_id, "amount": part.amount_minor} for part in paid.invoices]
    return Answer(200, {**body, "invoices": invoices, "advance": paid.advance_minor})


def _json(line_id: str, status: str, amount_minor: int, currency: str, **more: Any) -> dict[str, Any]:
    return {"id": line_id, "status": status, "amount": amount_minor, "currency": currency, **more}
