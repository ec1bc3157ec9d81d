"""An approved account that collects by direct debit, its payers, and a clock that is put to times of Seoul."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from aggregates.collecting.mandate import Channel
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.onboarding import CONTRACT, DOCUMENTS
from aggregates.ids import stream_id
from ledger.command import Command
from ledger.commands.collecting.debit_plans import MakePlan
from ledger.commands.collecting.debits import ScheduleDebits, Wanted
from ledger.commands.collecting.mandates import EnterBankAccount, FileConsentForm, RequestMandate
from ledger.commands.collecting.onboarding import (
    ApplyForDebits,
    ApproveOnboarding,
    DraftOnboarding,
    FileOnboardingDocument,
    SignDebitContract,
    StartDebitTest,
    SubmitSurety,
)
from ledger.ports.errors import PortUnavailable
from projections import debit_queries
from scheduler.jobs import LAPSE_MANDATES, RUN_DEBIT_PLANS, fire
from scheduler.reactions import direct_debits, mandates
from scheduler.reactions.bench import Bench
from tests.aggregates.scenario import kst
from tests.ledger.desk import SetClock, account_with, do
from tests.scheduler.reactions.conftest import Feed

INSTITUTION = "9912345678"
PAYER = "Haneul Moon"


class DebitTown:
    """One account and whoever pays it."""

    def __init__(self, bench: Bench, feed: Feed, clock: SetClock) -> None:
        self.bench, self.feed, self.clock = bench, feed, clock
        self.account_id = ""

    async def do(self, command: Command) -> dict[str, Any]:
        """Do a command once."""
        return await do(self.bench.engine, command, f"town-{uuid4()}")

    async def found(self) -> None:
        """Open the account and have it approved (SPEC 10.1)."""
        self.account_id = await account_with(self.bench.engine, 0, f"Blue Kite {uuid4()}")
        account = self.account_id
        settlement = await self.bench.vault.debit_papers.put_settlement(
            "town", str(uuid4()), bank="004", number="110220330440", holder="Blue Kite", identity="1234567891"
        )
        await self.do(DraftOnboarding(account, settlement, "BLUE KITE"))
        for kind in (*DOCUMENTS, CONTRACT):
            await self.do(FileOnboardingDocument(account, kind, f"odc_{kind}", "0" * 64))
        for step in (
            ApplyForDebits(account),
            SignDebitContract(account),
            SubmitSurety(account, "deposit", 1_000_000, "D-1"),
            StartDebitTest(account),
            ApproveOnboarding(account, INSTITUTION),
        ):
            answer = await self.do(step)
        assert answer["status"] == "approved"

    def at(self, text: str) -> None:
        """Put the clock to a time of Seoul."""
        self.clock.at = kst(text)

    async def turn(self, rounds: int = 6) -> None:
        """Let views, reactions and jobs run until there is nothing left to do now."""
        for _ in range(rounds):
            self.feed()
            done = await mandates.react(self.bench) + await direct_debits.react(self.bench)
            for job in (RUN_DEBIT_PLANS, LAPSE_MANDATES):
                done += (await fire(job, self.bench.database, self.clock)).done
            if not done:
                break
        self.feed()

    async def fill(self) -> None:
        """Let what is due go into files while the institution is away."""
        for _ in range(3):
            self.feed()
            try:
                await direct_debits.react(self.bench)
            except PortUnavailable:
                continue
        self.feed()

    def asking(self, **terms: Any) -> RequestMandate:
        """Return the command that asks somebody for a mandate."""
        return RequestMandate(self.account_id, "mpy_somebody", "app", **terms)

    def scheduling(self, mandate_id: str, *, amount: int, on: str = "2026-03-10") -> ScheduleDebits:
        """Return the command that schedules a debit."""
        return ScheduleDebits(self.account_id, (Wanted(mandate_id, amount, date.fromisoformat(on)),))

    def planning(self, mandate_id: str, *, day: int, first_month: str, last_month: str) -> MakePlan:
        """Return the command that makes a plan."""
        return MakePlan(self.account_id, mandate_id, 50_000, day, first_month, last_month, ())

    async def file_form(self, mandate_id: str) -> str:
        """File a written consent; return its hash."""
        paper = await self.bench.vault.debit_papers.put_file(
            "town", str(uuid4()), b"%PDF-1.7 a form", kind="pdf", evidence=True
        )
        await self.do(FileConsentForm(mandate_id, paper.token, paper.sha256))
        return paper.sha256

    async def head(self) -> int:
        """Return the position of the newest fact."""
        return (await self.bench.engine.account(self.account_id)).position

    async def check_books(self) -> None:
        """Hold the account against its debits, and the trial balance against zero."""
        async with self.bench.see() as connection:
            found = await connection.execute("SELECT coalesce(sum(collected_minor), 0) FROM view_debits")
            (collected,) = await found.fetchone() or (None,)
            found = await connection.execute("SELECT coalesce(sum(amount_minor), 0) FROM view_journal")
            (balance,) = await found.fetchone() or (None,)
        assert (await self.collections(), balance) == (collected, 0)

    async def request(self, *, name: str = PAYER, channel: Channel = "app", **terms: Any) -> str:
        """Ask a payer for a mandate."""
        payer = await self.bench.vault.debit_papers.put_payer(
            "town", str(uuid4()), name=name, phone="01000000001", email=""
        )
        answer = await self.do(RequestMandate(self.account_id, payer, channel, **terms))
        return str(answer["id"])

    async def enter(self, mandate_id: str, number: str) -> dict[str, Any]:
        """Let the payer enter an account."""
        token = await self.bench.vault.debit_papers.put_account(
            "town", str(uuid4()), number=number, holder=PAYER, identity="900815"
        )
        return await self.do(EnterBankAccount(mandate_id, "004", token, number[-4:]))

    async def consented(self, *numbers: str, **terms: Any) -> list[str]:
        """Have payers consent, now."""
        made = [await self.request(**terms) for _ in numbers]
        for mandate_id, number in zip(made, numbers, strict=True):
            await self.enter(mandate_id, number)
        await self.turn()
        self.clock.advance(minutes=2)
        await self.turn()
        return made

    async def active(self, *numbers: str, **terms: Any) -> list[str]:
        """Have mandates registered: consented on Tue 3 March, sent on the 4th, answered on the 5th."""
        self.at("2026-03-03 10:00")
        terms.setdefault("fixed_minor", 50_000)
        made = await self.consented(*numbers, **terms)
        self.at("2026-03-04 11:00")
        await self.turn()
        self.at("2026-03-05 14:00")
        await self.turn()
        return made

    async def schedule(self, *mandate_ids: str, on: str = "2026-03-10", amount: int = 50_000, **more: Any) -> list[str]:
        """Schedule a debit by each mandate."""
        items = tuple(Wanted(one, amount, date.fromisoformat(on), **more) for one in mandate_ids)
        answer = await self.do(ScheduleDebits(self.account_id, items))
        assert "items" in answer, answer
        self.feed()
        return [item["id"] for item in answer["items"]]

    async def mandate(self, mandate_id: str) -> dict[str, Any]:
        """Return a mandate's row."""
        async with self.bench.see() as connection:
            return await debit_queries.mandate(connection, mandate_id)

    async def debit(self, debit_id: str) -> dict[str, Any]:
        """Return a debit's row."""
        async with self.bench.see() as connection:
            return await debit_queries.debit(connection, debit_id)

    async def batches(self) -> list[dict[str, Any]]:
        """Return the account's batches, newest first."""
        async with self.bench.see() as connection:
            return (await debit_queries.batches(connection, self.account_id)).items

    async def collections(self) -> int:
        """Return what is owed to the account."""
        return (await self.bench.engine.account(self.account_id)).account.collections_minor

    async def obligation(self, debit_id: str) -> Obligation:
        """Return what a debit asks for, as it stands in the store."""
        obligation_id = (await self.debit(debit_id))["obligation_id"]
        await self.bench.engine.warm_up([(Obligation, obligation_id)])
        found = self.bench.engine.warm.get(stream_id(obligation_id))
        assert isinstance(found, Obligation)
        return found
