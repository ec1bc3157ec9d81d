"""Laws of reconciliation: files cut, doubled and reordered by chance; nothing is taken or matched twice, sums tie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates import ids
from aggregates.postings import postings_of
from aggregates.reconciliation import Counterpart, Remittance, Tally
from aggregates.reconciliation.files import FileKnown
from aggregates.reconciliation.items import item_id, item_of
from aggregates.reconciliation.rules import OpenItem, OpenLine, pairs
from ledger.commands.charges import ChargeAccount
from ledger.commands.matching import MatchLine, ParkLine, UnmatchLine
from ledger.commands.standing import OpenAccount
from ledger.reconcile.profile import Source
from tests.ledger.commands.book import Book
from tests.ledger.reconcile.files import BANK, PROVIDER, bank_file, bank_row, provider_file, provider_row, take

Draw = Callable[[st.SearchStrategy[Any]], Any]

FIRST = date(2024, 10, 1)
AMOUNTS = (5_000, 9_900, 9_900, 30_000)
"""Few amounts and few numbers, so that many things look alike."""

charges = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(AMOUNTS), st.booleans(), st.booleans()), min_size=1, max_size=8
)
"""(day, amount, whether its line carries its number, whether the provider sends it on) of each charge."""

strangers = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(AMOUNTS)), max_size=4)
"""(day, amount) of lines at the bank that nothing explains."""


class Office:
    """A ledger, its files, and the rules."""

    def __init__(self) -> None:
        self.book = Book(at="2024-10-20 09:00")
        self.account_id: str = self.book.ask(OpenAccount("Pine Street Bakery", "prepaid", "KRW", None, 0))["id"]

    def take(self, content: bytes, source: Source) -> None:
        """Take a file; one that is known is nothing."""
        before = len(self.book.facts)
        try:
            take(self.book, content, source)
        except FileKnown:
            assert len(self.book.facts) == before

    def work(self) -> None:
        """Match and park what the rules say."""
        for side in ("provider", "bank"):
            for pair in pairs(self.lines(side), self.items(side)):
                items, remittance = ((), pair.item_id) if pair.item_id.startswith("rmt_") else ((pair.item_id,), None)
                self.book.do(MatchLine(pair.line_id, items, remittance, pair.rule))
        for line in self.lines("bank"):
            if line.amount_minor > 0 and self.tally(line.id).line(line.id).status == "open":
                self.book.do(ParkLine(line.id))

    def tallies(self) -> list[Tally]:
        """Return all tallies."""
        return [stream for stream in self.book.streams.values() if isinstance(stream, Tally)]

    def tally(self, line_id: str) -> Tally:
        """Return the tally of a line."""
        return next(each for each in self.tallies() if each.tally_id[4:] == line_id[4:22])

    def lines(self, side: str) -> list[OpenLine]:
        """Return the lines of a side that are open or parked."""
        taken = [fact for fact in self.book.facts if isinstance(fact, Tally.LinesTaken) and fact.side == side]
        found = []
        for fact in taken:
            for line in fact.lines:
                line_id = ids.child_id("lin", fact.tally_id, line.no)
                if self.tally(line_id).line(line_id).status in ("open", "parked"):
                    found.append(
                        OpenLine(line_id, fact.day, line.amount_minor, fact.currency, line.method, line.reference)
                    )
        return found

    def items(self, side: str) -> list[OpenItem]:
        """Return what no line of a side stands for."""
        taken: dict[str, bool] = {}
        for fact in self.book.facts:
            if isinstance(fact, Counterpart.Taken | Counterpart.Freed) and fact.side == side:
                taken[fact.item_id] = isinstance(fact, Counterpart.Taken)
        found = []
        for fact in self.book.facts:
            item = item_of(fact)
            if item is None or item.side != side or taken.get(name := item_id(fact, self.account_id)):
                continue
            day = fact.occurred_at.date()
            found.append(OpenItem(name, day, item.amount_minor, item.currency, item.method, frozenset(item.references)))
        if side == "bank":
            found += [
                OpenItem(each.remittance_id, FIRST, each.net_minor, each.currency, None, frozenset())
                for each in self.book.streams.values()
                if isinstance(each, Remittance) and each.version and each.line_id is None
            ]
        return found

    def booked(self, account: str) -> int:
        """Return the balance of a ledger account."""
        return sum(
            posting.amount_minor
            for fact in self.book.facts
            for posting in postings_of(fact)
            if posting.account == account
        )


@settings(max_examples=60, deadline=None)
@given(data=st.data(), made=charges, unknown=strangers)
def test_however_files_are_cut_doubled_and_reordered_nothing_is_matched_twice_and_sums_tie(
    data: st.DataObject, made: list[tuple[int, int, bool, bool]], unknown: list[tuple[int, int]]
) -> None:
    draw = data.draw
    office = Office()
    provider_rows: dict[str, int] = {}
    bank_rows: dict[str, int] = {}
    for number, (day, amount, numbered, sent) in enumerate(made):
        on = FIRST + timedelta(days=day)
        office.book.now = office.book.now.replace(month=on.month, day=on.day)
        office.book.do(ChargeAccount(office.account_id, amount, "card", f"order-{number % 3}"))
        row = provider_row(
            on.isoformat(), f"T{number}", amount, f"order-{number % 3}" if numbered else "", fee=100,
            remittance=f"RMT{day:08d}" if sent else "",
        )  # fmt: skip
        provider_rows[row] = amount
        if sent:
            bank_rows[bank_row(on.isoformat(), f"S{number}", amount - 100)] = amount - 100
    for number, (day, amount) in enumerate(unknown):
        bank_rows[bank_row((FIRST + timedelta(days=day)).isoformat(), f"B{number}", amount)] = amount
    office.book.at("2024-10-20 09:00")

    seen: set[str] = set()
    for _ in range(draw(st.integers(1, 4))):
        for rows, source, make in ((provider_rows, PROVIDER, provider_file), (bank_rows, BANK, bank_file)):
            part = _some(draw, list(rows))
            if part:
                office.take(make(*part), source)
                seen |= set(part)
        office.work()
        if draw(st.booleans()):
            _take_back_one(draw, office)

    _check(office, seen, provider_rows | bank_rows)


def _some(draw: Draw, rows: list[str]) -> list[str]:
    """Return some of the rows, some of them twice, in another order."""
    return draw(st.lists(st.sampled_from(rows), max_size=2 * len(rows))) if rows else []


def _take_back_one(draw: Draw, office: Office) -> None:
    """Take a match back, as a person may."""
    matched = [
        ids.child_id("lin", tally.tally_id, no)
        for tally in office.tallies()
        for no, line in tally.lines.items()
        if line.status == "matched"
    ]
    if matched:
        office.book.do(UnmatchLine(draw(st.sampled_from(sorted(matched))), "Look again"))


def _check(office: Office, seen: set[str], amounts: dict[str, int]) -> None:
    lines = [(tally, line) for tally in office.tallies() for line in tally.lines.values()]
    # Each line that any file had is there once, however often it came.
    assert sorted(line.amount_minor for _, line in lines) == sorted(amounts[row] for row in seen)
    # No thing of the ledger and no remittance stands for two lines, and each match makes the amount of its line.
    used = Counter(item for tally, line in lines for item in (*((tally.side, each) for each in line.items),))
    used.update(("bank", line.remittance_id) for _, line in lines if line.remittance_id is not None)
    assert all(times == 1 for times in used.values())
    items = {item_id(fact, office.account_id): item for fact in office.book.facts if (item := item_of(fact))}
    for _, line in lines:
        if line.items:
            assert sum(items[each].amount_minor for each in line.items) == line.amount_minor
    # All money that came in at the bank is in the books, and is parked or explained.
    at_bank = sum(line.amount_minor for tally, line in lines if tally.side == "bank")
    parked = sum(line.amount_minor for _, line in lines if line.status == "parked")
    assert office.booked("asset.bank") == at_bank
    assert office.booked("clearing.unmatched_deposit") == -parked
    owed = office.booked("asset.gateway_receivable.card") + office.booked("expense.provider_fee")
    assert owed + at_bank - parked == -office.booked("liability.prepaid")
