"""Commands about notices to owners: of the reaction that tells them, and of nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aggregates.fact import Fact, Stamp
from aggregates.notice import NOT_TOLD, REQUESTED, TOLD, Notice, NoticeNotFound, notice_id
from ledger.command import Answer, Streams, answer
from ledger.commands.anniversaries import known_rule


@dataclass(frozen=True, slots=True)
class RequestNotice:
    """Say that the owner of a rule is being told of a fact.

    Attributes:
        kind: rule_suspended or occurrence_skipped. position: of the fact.
    """

    ANSWER: ClassVar[str] = "notice-requested/1"

    rule_id: str
    kind: str
    position: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Notice.Requested`. Raises: RuleNotFound; as of `Notice.request`."""
        rule = known_rule(streams, self.rule_id)
        name = notice_id(self.rule_id, self.position)
        streams.stream(Notice, name).request(
            stamp,
            notice_id=name,
            account_id=rule.account_id,
            member_id=rule.member_id,
            kind=self.kind,
            rule_id=self.rule_id,
            position=self.position,
        )


@dataclass(frozen=True, slots=True)
class SettleNotice:
    """Say how a notice ended. channel: as which it arrived; None = it did not, and code says why."""

    ANSWER: ClassVar[str] = "notice-settled/1"

    notice_id: str
    channel: str | None
    code: str | None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Notice.Settled`. Raises: NoticeNotFound; as of `Notice.settle`."""
        streams.known(Notice, self.notice_id, NoticeNotFound).settle(stamp, channel=self.channel, code=self.code)


@answer("notice-requested/1")
def requested(facts: Sequence[Fact]) -> Answer:
    """Answer with the notice."""
    fact = next(fact for fact in facts if isinstance(fact, Notice.Requested))
    return Answer(200, {"id": fact.notice_id, "account_id": fact.account_id, "status": REQUESTED})


@answer("notice-settled/1")
def settled(facts: Sequence[Fact]) -> Answer:
    """Answer with how it ended."""
    fact = next(fact for fact in facts if isinstance(fact, Notice.Settled))
    status = NOT_TOLD if fact.channel is None else TOLD
    return Answer(200, {"id": fact.notice_id, "account_id": fact.account_id, "status": status})
