"""Recipients on their way from a request into the vault: what follows in the request are tokens, and nothing else.

A route that places something takes its recipients here first, submits its command with their tokens, and says here what
became of it. The same request again has the same tokens, whatever has changed in an address book in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import structlog
from pydantic import ConfigDict, Field, StringConstraints

from aggregates.errors import LedgerError
from aggregates.order import texts as text_rules
from aggregates.order.texts import ANNIVERSARY_MAX, TEXT_MAX, Texts, check_texts
from api.ask import Ask
from api.fields import Body
from api.refusals import rules
from ledger.command import Outcome
from ledger.recipients import (
    CELEBRATED,
    RECIPIENTS,
    BadRows,
    NoRows,
    TooManyPeople,
    check_count,
    owner_name,
    read_person,
    refuse_bad,
    take_rows,
)
from ledger.vault import PEOPLE_MAX, BadRow, Party, Person, Reading, UploadNotFound, VaultUnavailable
from ledger.vault.book import ContactNotFound
from ledger.vault.door import aside
from ledger.vault.shelves import GroupNotFound

log = structlog.get_logger("api")

RULES: tuple[type[LedgerError], ...] = (
    *rules(text_rules),
    NoRows,
    TooManyPeople,
    BadRows,
    UploadNotFound,
    GroupNotFound,
    ContactNotFound,
)
"""Refusals of whoever takes recipients."""

Text = Annotated[str, Field(max_length=100)]
ContactIdText = Annotated[str, StringConstraints(pattern=r"^con_[a-z2-7]{32}$")]
GroupIdText = Annotated[str, StringConstraints(pattern=r"^grp_[a-z2-7]{32}$")]
UploadIdText = Annotated[str, StringConstraints(pattern=r"^upl_[a-z2-7]{32}$")]


class RecipientRow(Body):
    """One person, as typed; hyphens in the number are left out."""

    model_config = ConfigDict(json_schema_extra={"example": {"phone": "01000000001", "name": "Haneul"}})

    phone: Text
    name: Annotated[Text, Field(description="At most 10 characters.")] = ""
    company: Annotated[Text, Field(description="At most 20 characters.")] = ""
    title: Annotated[Text, Field(description="At most 10 characters.")] = ""
    anniversary: Annotated[Text, Field(description="A date such as 1990/08/15; needed by anniversary rules.")] = ""
    calendar: Literal["solar", "lunar"] = "solar"


class RecipientsBody(Body):
    """Who shall receive: typed rows, contacts, whole groups, an upload, or any of these together; 1 to 10,000."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"rows": [{"phone": "01000000001", "name": "Haneul"}], "group_ids": []}}
    )

    rows: Annotated[list[RecipientRow], Field(default_factory=list, max_length=PEOPLE_MAX)]
    contact_ids: Annotated[list[ContactIdText], Field(default_factory=list, max_length=PEOPLE_MAX)]
    group_ids: Annotated[list[GroupIdText], Field(default_factory=list, max_length=100)]
    upload_id: UploadIdText | None = None


class TextsBody(Body):
    """What is typed for the people of an order; #{이름}, #{회사명} and #{기념일} are filled for each of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"message": "#{이름} 님, #{기념일} 축하드립니다.", "page": "", "anniversary": "창립기념일"}
        }
    )

    message: Annotated[
        str,
        Field(
            max_length=2 * TEXT_MAX,
            description="Text of the message: at most 2,000 characters, each variable counted at its longest.",
        ),
    ] = ""
    page: Annotated[str, Field(max_length=2 * TEXT_MAX, description="Text on the recipient's page, likewise.")] = ""
    anniversary: Annotated[
        str, Field(max_length=2 * ANNIVERSARY_MAX, description="What #{기념일} stands for: 1 to 20 characters.")
    ] = ""


async def take_recipients(
    ask: Ask,
    account_id: str,
    member_id: str | None,
    body: RecipientsBody,
    texts: TextsBody | None = None,
    *,
    anniversary: bool = False,
) -> Party:
    """Put the recipients that a request names into the vault, and what was typed for them; return their tokens.

    Args:
        account_id, member_id: whose address book and uploads are meant; None = the master's.
        texts: typed by hand; None = none.
        anniversary: everybody needs an anniversary date, and the people are returned as well.

    Raises:
        LedgerError: as of `check_texts`.
        KeyReused: the key came with another request. GroupNotFound, ContactNotFound, UploadNotFound.
        NoRows, TooManyPeople: not 1 to 10,000. BadRows: a row cannot be used. VaultUnavailable.

    Source: SPEC 3.1, V2.
    """
    typed = _typed(texts)
    people, principal, key = ask.house.vault.people, ask.caller.principal, ask.key
    assert key is not None, "a POST has a key"
    mark = ask.call().request_hash
    party = await people.find(principal, key, mark=mark)
    if party is None:
        named = await _named(ask, owner_name(account_id, member_id), body)
        if anniversary:
            _check_celebrated(named)
        party = await people.put(principal, key, named, mark=mark, upload=body.upload_id, texts=typed)
        return party._replace(people=tuple(named)) if anniversary else party
    if typed:
        party = party._replace(texts=people.texts_token(principal, key))
    if anniversary:
        found = await people.get(party.tokens, Reading(principal, "plan anniversaries", ask.request_id))
        party = party._replace(people=tuple(found[token] for token in party.tokens if token in found))
    return party


async def take_texts(ask: Ask, texts: TextsBody) -> str | None:
    """Put texts that come without new recipients into the vault; return their token, None when nothing was typed.

    Raises: as of `take_recipients`. Settle as recipients are settled.
    """
    typed = _typed(texts)
    people, principal, key = ask.house.vault.people, ask.caller.principal, ask.key
    assert key is not None, "a PATCH has a key"
    party = await people.put(principal, key, (), mark=ask.call().request_hash, texts=typed)
    return party.texts


def _typed(texts: TextsBody | None) -> dict[str, str]:
    """Return the texts that were typed, by field. Raises: as of `check_texts`."""
    typed = Texts() if texts is None else Texts(texts.message, texts.page, texts.anniversary)
    check_texts(typed)
    return {field: text for field, text in typed._asdict().items() if text}


async def settle_recipients(ask: Ask, outcome: Outcome) -> None:
    """Keep the recipients of an accepted request, forget those of a refused one.

    Where the vault does not answer now, a job settles it later.
    """
    assert ask.key is not None, "a POST has a key"
    try:
        await ask.house.vault.people.settle(ask.caller.principal, ask.key, placed=outcome.status < 400)
    except VaultUnavailable:
        log.warning("recipients are left to be settled", request_id=ask.request_id)


async def _named(ask: Ask, owner: str, body: RecipientsBody) -> list[Person]:
    rows = body.rows
    taken = await aside(len(rows), lambda: take_rows(enumerate((row.model_dump() for row in rows), 1), RECIPIENTS))
    refuse_bad(taken.bad)
    named = taken.good
    if body.group_ids or body.contact_ids:
        named = [*named, *await ask.house.vault.book.people(owner, body.group_ids, body.contact_ids)]
    if body.upload_id is not None:
        named = [*named, *await ask.house.vault.uploads.people(owner, body.upload_id, RECIPIENTS.name)]
    check_count(len(named))
    return named


def _check_celebrated(named: Sequence[Person]) -> None:
    """Refuse people without an anniversary date. Raises: BadRows. Source: SPEC V2."""
    bad = [
        BadRow(number, (), tuple(reasons))
        for number, person in enumerate(named, 1)
        if (reasons := read_person(person._asdict(), CELEBRATED)[1])
    ]
    refuse_bad(bad)
