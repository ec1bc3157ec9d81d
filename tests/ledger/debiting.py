"""Debits of which nothing else is known: scheduled without onboarding and bank, collected in part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from aggregates.collecting import mandate as mandates
from aggregates.collecting.debit import PREFIX, Debit
from aggregates.collecting.mandate import Mandate
from aggregates.collecting.obligation import Obligation
from aggregates.fact import Stamp
from ledger.command import Streams
from ledger.commands.collecting.debits import CALENDAR, METHOD
from ledger.commands.collecting.obligations import open_obligation, settle_attempt

DAY = date(2024, 10, 10)


@dataclass(frozen=True, slots=True)
class AskByDebit:
    """Schedule a debit by a mandate of which nothing else is known here; None = with an obligation of its own."""

    ANSWER: ClassVar[str] = "debit/1"

    account_id: str
    amount_minor: int
    obligation_id: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record the mandate, the obligation and the debit."""
        streams.account(self.account_id)
        mandate_id, mandate = streams.new_child(Mandate, mandates.PREFIX, self.account_id)
        debit_id, debit = streams.new_child(Debit, PREFIX, self.account_id)
        own = self.obligation_id or ""
        mandate.request(
            stamp,
            mandate_id=mandate_id,
            account_id=self.account_id,
            payer="mpy_somebody",
            channel="app",
            currency="KRW",
            max_month_minor=1_000_000,
        )
        if self.obligation_id is None:
            own = open_obligation(
                streams,
                stamp,
                account_id=self.account_id,
                source="debit",
                source_id=debit_id,
                due_minor=self.amount_minor,
                due_on=DAY,
            ).obligation_id
        debit.schedule(
            stamp,
            debit_id=debit_id,
            mandate_id=mandate_id,
            obligation_id=own,
            amount_minor=self.amount_minor,
            currency="KRW",
            collect_on=DAY,
            same_day=False,
            retry_days=(3,),
        )
        mandate.use_month(stamp, amount_minor=self.amount_minor, month=debit.month)


@dataclass(frozen=True, slots=True)
class CollectPart:
    """Let the bank take a part of a debit, as a file's results record it."""

    ANSWER: ClassVar[str] = "debit/1"

    debit_id: str
    amount_minor: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record the attempt and what it brought."""
        debit = streams.stream(Debit, self.debit_id)
        obligation = streams.stream(Obligation, debit.obligation_id)
        streams.account(obligation.account_id)
        streams.stream(Mandate, debit.mandate_id)
        asked = debit.left_minor
        debit.submit(stamp, batch_id="dbb_1", serial=1, amount_minor=asked, mandate_id=debit.mandate_id)
        obligation.start_attempt(stamp, attempt_id=self.debit_id, via="debit", amount_minor=asked)
        debit.collect_part(stamp, amount_minor=self.amount_minor, calendar=CALENDAR, today=DAY)
        settle_attempt(
            streams,
            stamp,
            obligation,
            attempt_id=self.debit_id,
            via="debit",
            method=METHOD,
            amount_minor=self.amount_minor,
            paid_on=DAY,
        )
