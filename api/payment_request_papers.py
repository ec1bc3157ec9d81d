"""What people write into payment requests, on its way into the vault, and back out of it for whoever may read it.

A route takes words, files and people in here first, submits its command with their tokens, and what a refused command
has brought is forgotten. The same request again has the same tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from aggregates.collecting.payment_request_parts import EXPIRED, REJECTED, WITHDRAWN, Attachment, Terms
from aggregates.errors import Malformed, NotFound, Rejected
from api.ask import Ask
from api.fields import EMAIL
from api.owners import reading_of
from api.payment_request_bodies import AttachmentBody, CounterpartyBody, TermsBody
from api.reply import Reply, of_outcome
from ledger.attachments import check_name
from ledger.command import Command
from ledger.recipients import read_phone
from ledger.vault import MASK, Reading, SubjectNotFound
from ledger.vault.request_papers import Contact, RequestPapers

DETAILS, TEXT = "details", "text"
"""Fields of what was written; a file's name stands under its id."""

LINK_ROLES = frozenset({"service", "operator", "master"})
CLOSED = frozenset({REJECTED, WITHDRAWN, EXPIRED})


class CounterpartyInvalid(Rejected):
    """A counterparty is an account, or a person with a name and a mobile number, an e-mail address, or both."""

    code = "counterparty_invalid"


class Papers:
    """What one request brings for the vault.

    Args:
        ask: the request. until: last day of the business that it is about; the law's years begin after it.
    """

    def __init__(self, ask: Ask, until: date) -> None:
        self._ask = ask
        self._until = ask.house.vault.requests.keep_until(until)
        self._fresh: list[str] = []
        self._before: int | None = None

    async def contact(self, body: CounterpartyBody) -> str:
        """Keep who is asked; return the token. Raises: CounterpartyInvalid, KeyReused, VaultUnavailable."""
        contact = _read_contact(body)
        await self._note_position()
        return self._kept(await self._vault.put_contact(*self._named, contact, self._until))

    async def text(self, text: str) -> str:
        """Keep why somebody says no; return the token. Raises: KeyReused, VaultUnavailable."""
        await self._note_position()
        return self._kept(await self._vault.put_words(*self._named, {TEXT: text}, self._until))

    async def terms(self, body: TermsBody, owner: str, known: Iterable[Attachment] = ()) -> Terms:
        """Keep what is asked for in words and files; return its terms.

        Args:
            owner: the account whose files may be named. known: files that go with the request already.

        Raises:
            Malformed: a file is named twice. AttachmentNotFound, AttachmentNameMismatch, KeyReused, VaultUnavailable.
        """
        await self._note_position()
        attachments = await self._attachments(body.attachments, owner, known)
        words = {each.attachment_id: each.name for each in body.attachments}
        if body.details is not None:
            words[DETAILS] = body.details
        token = self._kept(await self._vault.put_words(*self._named, words, self._until)) if words else None
        if attachments:
            await self._vault.keep([each.attachment_id for each in attachments], self._until)
        return Terms(body.amount, body.due_on, token, attachments)

    async def keep(self, *tokens: str | None) -> None:
        """Let what went with the request before stay as long as what it has now."""
        await self._vault.keep([token for token in tokens if token is not None], self._until)

    async def submit(self, command: Command, body: Any) -> Reply:
        """Do a command; forget what was kept for it when it is refused.

        What was kept for a command that had been recorded before is a person's that was erased since: it is forgotten
        again. (Where the same request runs beside, it is that one's, and stays.)
        """
        try:
            outcome = await self._ask.house.engine.submit(command, self._ask.call(body))
        except (NotFound, Malformed):
            await self._forget()
            raise
        is_old = outcome.replayed and self._before is not None and outcome.position <= self._before
        if outcome.status >= 400 or is_old:
            await self._forget()
        return of_outcome(outcome)

    async def _attachments(
        self, named: list[AttachmentBody], owner: str, known: Iterable[Attachment]
    ) -> tuple[Attachment, ...]:
        ids = [each.attachment_id for each in named]
        if len(set(ids)) < len(ids):
            raise Malformed("attachments must name each file once", field="attachments")
        there = {each.attachment_id: each for each in known}
        new = await self._vault.attachments(owner, [each for each in ids if each not in there])
        there |= {each.attachment_id: each for each in new}
        for each in named:
            check_name(each.name, there[each.attachment_id].type)
        return tuple(there[each] for each in ids)

    async def _note_position(self) -> None:
        if self._before is None:
            self._before = await self._ask.position()

    def _kept(self, kept: tuple[str, bool]) -> str:
        token, is_new = kept
        if is_new:
            self._fresh.append(token)
        return token

    async def _forget(self) -> None:
        for token in self._fresh:
            await self._ask.house.vault.erase(token)

    @property
    def _vault(self) -> RequestPapers:
        return self._ask.house.vault.requests

    @property
    def _named(self) -> tuple[str, str]:
        assert self._ask.key is not None, "a POST has a key"
        return self._ask.caller.principal, self._ask.key


def _read_contact(body: CounterpartyBody) -> Contact:
    """Read who is asked. Raises: CounterpartyInvalid."""
    phone = read_phone(body.phone) if body.phone else ""
    name, email = body.name.strip(), body.email.strip()
    if not name:
        raise CounterpartyInvalid("counterparty needs an account_id, or a name", field="counterparty.name")
    if body.phone and not phone:
        raise CounterpartyInvalid("phone must be a mobile number", field="counterparty.phone")
    if email and not EMAIL.fullmatch(email):
        raise CounterpartyInvalid("email must be an address such as haneul@kite.example", field="counterparty.email")
    if not phone and not email:
        raise CounterpartyInvalid("counterparty needs a phone or an email", field="counterparty.phone")
    return Contact(name, phone, email)


async def with_contacts(ask: Ask, items: list[dict[str, Any]]) -> None:
    """Put people into the place of their tokens: in clear for the two sides, masked for everybody else."""
    tokens = [item["contact"] for item in items if item["contact"] is not None]
    found = await ask.house.vault.requests.contacts(tokens, reading_of(ask, "show payment requests"))
    for item in items:
        item["counterparty"] = contact_json(found, item.pop("contact"))


def contact_json(found: Mapping[str, Contact], token: str | None) -> dict[str, Any] | None:
    """Return a person as people see them; None where an account is asked."""
    if token is None:
        return None
    contact = found.get(token, Contact(MASK, "", ""))
    return {"name": contact.name, "phone": contact.phone or None, "email": contact.email or None}


async def with_words(ask: Ask, shape: dict[str, Any], reading: Reading | None) -> None:
    """Put what was written into the place of its tokens, in a whole request; what is erased is null."""
    parts = [shape, *shape["versions"], *shape["amendments"]]
    texts = [each for each in (shape["rejection"], *shape["amendments"]) if each is not None]
    tokens = {each["details"] for each in parts} | {each["text"] for each in texts}
    words = await ask.house.vault.requests.words(tokens - {None}, reading)
    for each in texts:
        each["text"] = words.get(each["text"], {}).get(TEXT)
    for each in parts:
        own = words.get(each["details"], {})
        each["details"] = own.get(DETAILS)
        each["attachments"] = [{**file, "name": own.get(file["id"])} for file in each["attachments"]]


async def link_of(ask: Ask, row: dict[str, Any]) -> str | None:
    """Return the link that the payee may hand over; None for everybody else, and where an account is asked."""
    is_payees = ask.caller.role in LINK_ROLES and ask.caller.account_id in (None, row["account_id"])
    if row["contact"] is None or not is_payees or row["shown"] in CLOSED:
        return None
    try:
        (link,) = await ask.house.vault.public_links.current([(row["request_id"], row["contact"])])
    except SubjectNotFound:
        return None
    return f"/p/{link}"
