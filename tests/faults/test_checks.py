"""Each checker is shown a planted damage that it must find, and an untouched store in which it must find none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest

from aggregates.fact import Fact
from aggregates.postings import Posting
from faults import checks
from faults.checks import Stored, check_store, read_store
from faults.history import History
from ledger.database import Database
from ledger.engine import Engine
from ledger.store import Store
from tests.ledger.desk import SetClock, account_with, call, spend

pytestmark = pytest.mark.anyio

PRINCIPAL = "key_test"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def played(ledger_database: Database) -> tuple[Stored, History]:
    """A store with three spends, a refusal and a snapshot, and the history of who asked for them."""
    engine = Engine(Store(ledger_database.app, ledger_database.schema), SetClock())
    await engine.start()
    account_id = await account_with(engine, 1_000)
    history = History(PRINCIPAL)
    for number, amount in enumerate((10, 20, 30, 9_999)):
        key = f"spend-{number:04}"
        history.sending(key)
        outcome = await engine.submit(spend(account_id, amount), call(key))
        history.answered(key, outcome.status, outcome.body, outcome.position)
    account = (await engine.account(account_id)).account
    await engine.stop()
    with psycopg.connect(ledger_database.app) as connection:
        stored = read_store(connection, ledger_database.schema)
    snapshots = [(account.id, account.version, account.dump())]
    return stored._replace(snapshots=snapshots), history


def damage(stored: Stored, history: History) -> dict[str, int]:
    return {count.code: count.damage for count in check_store(stored, history)}


def placed(fact: Fact, like: Fact) -> Fact:
    object.__setattr__(fact, "originator_id", like.originator_id)
    object.__setattr__(fact, "originator_version", like.originator_version)
    return fact


async def test_an_untouched_store_has_no_damage_and_everything_was_looked_at(played: tuple[Stored, History]) -> None:
    counts = check_store(*played)

    assert {count.code: count.damage for count in counts} == dict.fromkeys(damage(*played), 0)
    assert all(count.looked_at for count in counts)


def lose_a_fact(stored: Stored, history: History) -> Stored:
    return stored._replace(facts=stored.facts[:-1])


def lose_a_refusal(stored: Stored, history: History) -> Stored:
    return stored._replace(refusals={})


def invent_a_fact(stored: Stored, history: History) -> Stored:
    position, _, fact = stored.facts[-1]
    return stored._replace(facts=[*stored.facts[:-1], (position, UUID(int=7), fact)])


def do_it_twice(stored: Stored, history: History) -> Stored:
    position, key, fact = stored.facts[-1]
    return stored._replace(facts=[*stored.facts, (position + 1, key, fact)])


def break_the_floor(stored: Stored, history: History) -> Stored:
    position, key, fact = stored.facts[-1]
    broken = placed(replace(fact, balance_minor=-1), fact)  # type: ignore[call-arg]
    return stored._replace(facts=[*stored.facts[:-1], (position, key, broken)])


def leave_a_gap(stored: Stored, history: History) -> Stored:
    position, key, fact = stored.facts[-1]
    return stored._replace(facts=[*stored.facts[:-1], (position + 1, key, fact)])


def falsify_a_snapshot(stored: Stored, history: History) -> Stored:
    [(stream_id, version, state)] = stored.snapshots
    return stored._replace(snapshots=[(stream_id, version, {**state, "balance_minor": 1})])


def answer_differently(stored: Stored, history: History) -> Stored:
    history.answered("spend-0000", 201, b"{}", 3)
    return stored


@pytest.mark.parametrize(
    ("plant", "code"),
    [
        (lose_a_fact, "C1"),
        (lose_a_refusal, "C1"),
        (invent_a_fact, "C2"),
        (do_it_twice, "C3"),
        (break_the_floor, "C5"),
        (leave_a_gap, "C6"),
        (falsify_a_snapshot, "C9"),
        (answer_differently, "C11"),
    ],
)
async def test_a_planted_damage_is_found_by_its_checker(
    played: tuple[Stored, History], plant: Callable[[Stored, History], Stored], code: str
) -> None:
    stored, history = played

    found = damage(plant(stored, history), history)

    assert found[code] > 0


async def test_an_unbalanced_posting_is_found(played: tuple[Stored, History], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "postings_of", lambda fact: (Posting("asset.bank", 1, "KRW"),))

    assert damage(*played)["C4"] > 0
