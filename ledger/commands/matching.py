"""Commands that match lines of providers and banks with what the ledger says, take matches back, and park the rest.

What a line is matched with is read from the facts themselves, never from a view: a view only proposes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates import ids
from aggregates.errors import NotFound
from aggregates.fact import Fact, Stamp
from aggregates.reconciliation.counterpart import Counterpart, counterpart_id
from aggregates.reconciliation.facts import LineMatched, LineParked, LineUnmatched
from aggregates.reconciliation.items import Item, item_of
from aggregates.reconciliation.line import tally_of
from aggregates.reconciliation.parts import BANK, ITEMS_MAX
from aggregates.reconciliation.remittance import Remittance, RemittanceNotFound
from aggregates.reconciliation.rules import MANUAL
from aggregates.reconciliation.tally import AmountsDiffer, LineNotFound, NothingToMatch, Tally
from ledger.command import Answer, Streams, answer


class ItemNotFound(NotFound):
    """There is no such thing of the ledger that a line could stand for."""

    code = "item_not_found"


@dataclass(frozen=True, slots=True)
class MatchLine:
    """Say what a line stands for: things of the ledger, or a remittance.

    Attributes:
        items: public ids ("itm_...", "itr_..."); their amounts add up to the line's.
        remittance_id: in place of items, for a bank's line.
        rule: reference, amount_date or manual. reason: of a person, for manual; None for a rule.
    """

    ANSWER: ClassVar[str] = "line-matched/1"

    line_id: str
    items: tuple[str, ...] = ()
    remittance_id: str | None = None
    rule: str = MANUAL
    reason: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Tally.LineMatched`, and on what it is matched with that it is.

        Raises:
            NotFound: no such line, thing or remittance.
            LineNotOpen. NothingToMatch. AmountsDiffer. ItemMatched. RemittanceIsReceived.

        Source: SPEC R-062, R-088.
        """
        tally = tally_with(streams, self.line_id)
        if bool(self.items) == (self.remittance_id is not None) or len(set(self.items)) < len(self.items):
            raise NothingToMatch("a match names items, each once, or one remittance_id")
        if len(self.items) > ITEMS_MAX:
            raise NothingToMatch(f"a match names at most {ITEMS_MAX} items", maximum=ITEMS_MAX)
        if self.remittance_id is None:
            self._match_items(streams, stamp, tally)
        else:
            self._match_remittance(streams, stamp, tally, self.remittance_id)

    def _match_items(self, streams: Streams, stamp: Stamp, tally: Tally) -> None:
        found = [known_item(streams, each) for each in self.items]
        guards = [streams.stream(Counterpart, counterpart_id(tally.side, each)) for each in self.items]
        line = tally.require_matchable(self.line_id)
        if any(item.side != tally.side or item.currency != tally.currency for item in found):
            raise NothingToMatch("what a line stands for is of its side and its currency", side=tally.side)
        _require_sum(line.amount_minor, sum(item.amount_minor for item in found))
        for guard in guards:
            guard.require_free()
        tally.match(
            stamp, line_id=self.line_id, items=self.items, remittance_id=None, rule=self.rule, reason=self.reason
        )
        for guard, each in zip(guards, self.items, strict=True):
            guard.take(stamp, item_id=each, side=tally.side, line_id=self.line_id)

    def _match_remittance(self, streams: Streams, stamp: Stamp, tally: Tally, remittance_id: str) -> None:
        ids.parse(remittance_id, "rmt")
        remittance = streams.known(Remittance, remittance_id, RemittanceNotFound)
        line = tally.require_matchable(self.line_id)
        if tally.side != BANK or remittance.currency != tally.currency:
            raise NothingToMatch("a remittance is what a bank's line of its currency stands for", side=tally.side)
        remittance.require_open()
        _require_sum(line.amount_minor, remittance.net_minor)
        tally.match(
            stamp,
            line_id=self.line_id,
            items=(),
            remittance_id=remittance_id,
            rule=self.rule,
            reason=self.reason,
        )
        remittance.receive(stamp, line_id=self.line_id)


@dataclass(frozen=True, slots=True)
class UnmatchLine:
    """Take a match back; money that came in at a bank is parked again."""

    ANSWER: ClassVar[str] = "line-unmatched/1"

    line_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Tally.LineUnmatched`, and on what it was matched with that it is free.

        Raises:
            NotFound: no such line. LineNotMatched.

        Source: SPEC R-062.
        """
        tally = tally_with(streams, self.line_id)
        line = tally.require_matched(self.line_id)
        guards = [streams.stream(Counterpart, counterpart_id(tally.side, each)) for each in line.items]
        remittance = (
            None
            if line.remittance_id is None
            else streams.known(Remittance, line.remittance_id, RemittanceNotFound)
        )  # fmt: skip
        tally.unmatch(stamp, line_id=self.line_id, reason=self.reason)
        for guard, each in zip(guards, line.items, strict=True):
            guard.free(stamp, item_id=each, side=tally.side, line_id=self.line_id)
        if remittance is not None:
            remittance.reopen(stamp)


@dataclass(frozen=True, slots=True)
class ParkLine:
    """Keep money apart that came in at a bank and that nothing explains."""

    ANSWER: ClassVar[str] = "line-parked/1"

    line_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Tally.LineParked`. Raises: NotFound: no such line. As of `Tally.park`."""
        tally_with(streams, self.line_id).park(stamp, line_id=self.line_id)


def tally_with(streams: Streams, line_id: str) -> Tally:
    """Return the tally of a line that there is. Raises: LineNotFound."""
    tally = streams.known(Tally, tally_of(line_id), LineNotFound)
    tally.line(line_id)
    return tally


def known_item(streams: Streams, item_id: str) -> Item:
    """Return a thing of the ledger that a line can stand for. Raises: ItemNotFound."""
    if item_id.startswith("itr_"):
        parsed = ids.parse(item_id, "itr")
        fact = streams.fact_of(f"tly_{parsed.account_id[4:]}", parsed.version)
    else:
        fact = streams.origin(item_id, "itm")
    item = item_of(fact)
    if item is None:
        raise ItemNotFound("there is no such item")
    return item


def _require_sum(line_minor: int, items_minor: int) -> None:
    if line_minor != items_minor:
        raise AmountsDiffer(
            "what a line stands for must make its amount",
            line=line_minor,
            items=items_minor,
            difference=line_minor - items_minor,
        )


def matched_json(fact: LineMatched | LineUnmatched, status: str) -> dict[str, Any]:
    """Return what a line is matched with in the shape of the HTTP face."""
    return {
        "id": fact.line_id,
        "status": status,
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "day": fact.day.isoformat(),
        "items": list(fact.items),
        "remittance_id": fact.remittance_id,
        "rule": getattr(fact, "rule", None),
        "reason": fact.reason,
    }


@answer("line-matched/1")
def line_matched(facts: Sequence[Fact]) -> Answer:
    """Answer with the line and what it stands for."""
    fact = next(fact for fact in facts if isinstance(fact, LineMatched))
    return Answer(200, matched_json(fact, "matched"))


@answer("line-unmatched/1")
def line_unmatched(facts: Sequence[Fact]) -> Answer:
    """Answer with the line as it stands now, and what it was matched with."""
    fact = next(fact for fact in facts if isinstance(fact, LineUnmatched))
    parked = any(isinstance(fact, LineParked) for fact in facts)
    return Answer(200, matched_json(fact, "parked" if parked else "open"))


@answer("line-parked/1")
def line_parked(facts: Sequence[Fact]) -> Answer:
    """Answer with the line whose money is kept apart."""
    (fact,) = facts
    assert isinstance(fact, LineParked)
    return Answer(200, {"id": fact.line_id, "status": "parked", "amount": fact.amount_minor, "currency": fact.currency})
