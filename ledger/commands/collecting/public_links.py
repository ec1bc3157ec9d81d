"""New links to public pages in the place of locked ones: asked for on the page, sent by the reaction `tellings`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aggregates.collecting.new_links import NewLinks, new_links_id
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.tellings import tell

KIND = "link.renewed"


@dataclass(frozen=True, slots=True)
class SendPublicLink:
    """Send somebody whose link is locked a new one, to the phone that the locked one went to.

    Attributes:
        thing_id: what the page is about. subject: vault token of who the link is for.
    """

    ANSWER: ClassVar[str] = "public-link-sent/1"

    thing_id: str
    subject: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `NewLinks.Asked` and the telling that carries the link. Raises: LinkLimitReached.

        Source: SPEC R-126.
        """
        account_id = parse(self.thing_id, self.thing_id.partition("_")[0]).account_id
        links_id = new_links_id(account_id, self.thing_id, self.subject)
        links = streams.stream(NewLinks, links_id)
        links.ask(stamp, new_links_id=links_id, account_id=account_id, thing_id=self.thing_id, subject=self.subject)
        tell(
            streams,
            stamp,
            account_id=account_id,
            thing_id=self.thing_id,
            kind=KIND,
            to=self.subject,
            index=links.sent,
        )


@answer("public-link-sent/1")
def public_link_sent(facts: Sequence[Fact]) -> Answer:
    """Answer with how many new links that makes."""
    asked = next(fact for fact in facts if isinstance(fact, NewLinks.Asked))
    return Answer(200, {"thing_id": asked.thing_id, "sent": asked.sent})
