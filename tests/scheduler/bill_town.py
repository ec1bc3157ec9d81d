"""A biller, a payer and a clock: the application over HTTP, the reactions, the jobs and the sandbox, on one ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from aggregates import ids
from ledger.database import Database
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.scenarios import counted, set_rates
from ledger.ports.sandbox.state import SandboxState
from scheduler.jobs import (
    ANNOUNCE_AUTO_PAY,
    CHARGE_AUTO_PAY,
    DROP_AUTO_PAY,
    MISS_AUTO_PAY,
    REMIND_OF_BILLS,
    Job,
    fire,
)
from scheduler.reactions import collections, payments, tellings
from scheduler.reactions.bench import Bench
from tests.aggregates.scenario import kst
from tests.api.counter import Counter
from tests.ledger.desk import SetClock

JOBS = (REMIND_OF_BILLS, ANNOUNCE_AUTO_PAY, CHARGE_AUTO_PAY, MISS_AUTO_PAY, DROP_AUTO_PAY)
PAYER = {"name": "Haneul", "phone": "010-0000-0007"}


class Town:
    """One biller, its bills, and what everybody says of them."""

    def __init__(
        self, counter: Counter, bench: Bench, feed: Callable[[], None], state: SandboxState, clock: SetClock
    ) -> None:
        self.counter, self.bench, self.feed, self.state, self.clock = counter, bench, feed, state, clock
        self.database: Database = bench.database
        self.gateway = SandboxGateway(state)
        self.account_id = self.bill_id = self.position = ""

    async def open(self) -> None:
        """Open the biller's account; messages arrive at once, every callback three times."""
        await set_rates(self.state, {"message_delay_s": 0, "callback_copies": 3})
        self.account_id = await self.counter.account()

    def at(self, moment: str) -> None:
        """Put the clock forward."""
        self.clock.at = kst(moment)

    async def post(self, path: str, body: Any = None, *, status: int | None = 200, **more: Any) -> Any:
        """Send something about the bill; return the answer, after it has the status."""
        answered: httpx.Response = await self.counter.post(f"/v1/bills{path}", body, **more)
        assert status is None or answered.status_code == status, answered.text
        self.position = answered.headers.get("ledger-position", self.position)
        return answered.json()

    async def get(self, path: str, **more: Any) -> Any:
        """Read something; the views are brought to the head before."""
        self.feed()
        answered = await self.counter.get(f"/v1/bills{path}", **more)
        assert answered.status_code == 200, answered.text
        return answered.json()

    async def send(self, due_on: str, amount: int = 55_000, **customer: str) -> str:
        """Write a bill and send it; it is the one that the rest is about."""
        body = {
            "account_id": self.account_id,
            "customer": {**PAYER, **customer},
            "amount": amount,
            "due_on": due_on,
            "details": "Piano lessons of October",
        }
        self.bill_id = (await self.post("", body, status=201))["id"]
        await self.post(f"/{self.bill_id}/send")
        return self.bill_id

    async def auto_pay(self, on: bool = True, token: str | None = "one-time-token-0007") -> Any:
        """Let the payer switch auto-pay."""
        body = {"on": on, **({"token": token} if on and token else {})}
        switched = await self.post(f"/{self.bill_id}/auto-pay", body)
        await self.react()
        return switched

    async def pay(self, method: str = "card", **more: Any) -> Any:
        """Let somebody pay, and the gateway answer."""
        paid = await self.post(f"/{self.bill_id}/payments", {"method": method, **more}, status=201)
        await self.react()
        return paid

    async def react(self, rounds: int = 3) -> None:
        """Let the reactions work."""
        for _ in range(rounds):
            self.feed()
            if not sum([await reaction.react(self.bench) for reaction in (payments, collections, tellings)]):
                break
        self.feed()

    async def fire(self, *jobs: Job) -> dict[str, int]:
        """Let jobs fire once, then the reactions work; return what each has done, those that did nothing left out."""
        done = {}
        self.feed()
        for job in jobs or JOBS:
            before = await self.facts_of(job)
            await fire(job, self.database, self.clock)
            if made := await self.facts_of(job) - before:
                done[job.name] = made
                await self.react()
        return done

    async def facts_of(self, job: Job) -> int:
        """Return how many facts about bills and customers of this biller a job has recorded."""
        query = """
            SELECT count(*) FROM ledger_events WHERE topic LIKE 'bill%%'
            AND convert_from(state, 'UTF8') LIKE %s AND convert_from(state, 'UTF8') LIKE %s
        """
        async with self.bench.see() as connection:
            found = await connection.execute(query, (f'%"job:{job.name}"%', f"%{self.account_id}%"))
            ((facts,),) = await found.fetchall()
        return int(facts)

    async def until(self, *moments: str) -> dict[str, dict[str, int]]:
        """Let the jobs fire at each moment in turn; return what they did, moments of rest left out."""
        done = {}
        for moment in moments:
            self.at(moment)
            fired = await self.fire()
            if fired:
                done[moment] = fired
        return done

    async def bill(self, **more: Any) -> Any:
        """Read the bill."""
        return await self.get(f"/{self.bill_id}", **more)

    async def told(self) -> list[str]:
        """Return what the payer, and others, were told of the bill, oldest first, as far as it arrived."""
        tellings = (await self.bill())["tellings"]
        return [each["kind"] for each in reversed(tellings) if each["recipient"] == "person" and each["channel"]]

    async def journal(self) -> dict[str, int]:
        """Return ledger account -> balance; the sum of all is zero."""
        self.feed()
        async with self.bench.see() as connection:
            query = "SELECT account, sum(amount_minor)::bigint FROM view_journal WHERE stream = %s GROUP BY 1"
            cursor = await connection.execute(query, (ids.stream_id(self.account_id),))
            sums = {row[0]: row[1] for row in await cursor.fetchall()}
        assert sum(sums.values()) == 0
        return {name: minor for name, minor in sums.items() if minor}

    async def asked(self, kind: str) -> list[dict[str, Any]]:
        """Return what the sandbox's providers were asked for this biller."""
        prefix = {"payments": "pay", "messages": "tel"}[kind]
        return await counted(self.state, kind, f"{prefix}_{self.account_id.removeprefix('acc_')}", "", 100)

    @property
    def now(self) -> datetime:
        """Where the clock stands."""
        return self.clock.at
