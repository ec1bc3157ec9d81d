"""The view `anniversary_rules`: every rule, its lists, what became of each of its days, and what its owner is told.

Recipients are tokens with a month and a day, as in the facts. Lists that were replaced stay: the list that counts for
a day is the one that stood at 02:00 of it (SPEC V4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from aggregates.anniversary.facts import (
    OccurrenceOrdered,
    OccurrenceSkipped,
    RecipientsListed,
    RecipientsReplaced,
    RuleChanged,
    RuleCreated,
    RuleEndedForGood,
    RulePaused,
    RuleResumed,
    RuleSuspended,
)
from aggregates.anniversary.parts import RuleForm, RuleLine
from ledger.commands.anniversaries import STATUS_AFTER
from projections.rows import Key, Rows, Table
from projections.view import View


@dataclass(slots=True)
class RuleRow:
    """One rule.

    Attributes:
        status: active, paused, suspended or ended. reason: why it is not active; None while it is.
        lines: items with prices and `terms_version`.
        texts_token: vault token of texts typed by hand; None = none.
        active_since: when it was last switched on.
        list_number: of the present list. recipients: how many are on it.
    """

    rule_id: str
    position: int
    created_at: datetime
    account_id: str
    member_id: str | None
    name: str
    kind: str
    dispatch_title: str
    designated: int | None
    allow_duplicates: bool
    sender_profile_id: str | None
    template_id: str | None
    theme_id: str | None
    texts_token: str | None
    ends_on: date | None
    status: str
    reason: str | None
    lines: list[dict[str, Any]]
    active_since: datetime
    list_number: int
    recipients: int


@dataclass(slots=True)
class ListRow:
    """One list of a rule. since: when it took its place."""

    rule_id: str
    list_number: int
    since: datetime


@dataclass(slots=True)
class DayRow:
    """One recipient of a list and the day. number: place on the list, from 0."""

    rule_id: str
    list_number: int
    number: int
    token: str
    calendar: str
    month: int
    day: int
    first_year: int | None


@dataclass(slots=True)
class OccurrenceRow:
    """What became of one occurrence. order_id: None = skipped."""

    rule_id: str
    occurrence: str
    day: date
    order_id: str | None


@dataclass(slots=True)
class NoticeRow:
    """Something the owner is told.

    Attributes:
        kind: changed, suspended, skipped, ordered, paused, resumed, ended or recipients_replaced.
        detail: what it is about, JSON-ready.
    """

    rule_id: str
    position: int
    at: datetime
    kind: str
    detail: dict[str, Any]


RULES = Table(
    "view_anniversary_rules",
    RuleRow,
    key={"rule_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        rule_id text NOT NULL,
        position bigint NOT NULL,
        created_at timestamptz NOT NULL,
        account_id text NOT NULL,
        member_id text,
        name text NOT NULL,
        kind text NOT NULL,
        dispatch_title text NOT NULL,
        designated integer,
        allow_duplicates boolean NOT NULL,
        sender_profile_id text,
        template_id text,
        theme_id text,
        texts_token text,
        ends_on date,
        status text NOT NULL,
        reason text,
        lines jsonb NOT NULL,
        active_since timestamptz NOT NULL,
        list_number integer NOT NULL,
        recipients integer NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (rule_id)
    )
    """,
    indexes=("CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (account_id, position)",),
    json=frozenset({"lines"}),
)
LISTS = Table(
    "view_anniversary_lists",
    ListRow,
    key={"rule_id": "text", "list_number": "integer"},
    ddl="""
    CREATE TABLE {table} (
        rule_id text NOT NULL,
        list_number integer NOT NULL,
        since timestamptz NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (rule_id, list_number)
    )
    """,
)
DAYS = Table(
    "view_anniversary_days",
    DayRow,
    key={},
    ddl="""
    CREATE TABLE {table} (
        rule_id text NOT NULL,
        list_number integer NOT NULL,
        number integer NOT NULL,
        token text NOT NULL,
        calendar text NOT NULL,
        month smallint NOT NULL,
        day smallint NOT NULL,
        first_year smallint
    )
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_by_day ON {table} (calendar, month, day, rule_id, list_number)",
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_by_rule ON {table} (rule_id, list_number, number)",
        "CREATE INDEX IF NOT EXISTS {table}_by_token ON {table} (token)",
    ),
)
OCCURRENCES = Table(
    "view_anniversary_occurrences",
    OccurrenceRow,
    key={"rule_id": "text", "occurrence": "text"},
    ddl="""
    CREATE TABLE {table} (
        rule_id text NOT NULL,
        occurrence text NOT NULL,
        day date NOT NULL,
        order_id text,
        CONSTRAINT {table}_pkey PRIMARY KEY (rule_id, occurrence)
    )
    """,
)
NOTICES = Table(
    "view_anniversary_notices",
    NoticeRow,
    key={},
    ddl="""
    CREATE TABLE {table} (
        rule_id text NOT NULL,
        position bigint NOT NULL,
        at timestamptz NOT NULL,
        kind text NOT NULL,
        detail jsonb NOT NULL
    )
    """,
    indexes=("CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (rule_id, position)",),
    json=frozenset({"detail"}),
)


class AnniversaryRules(View):
    """Every anniversary rule."""

    NAME = "anniversary_rules"
    VERSION = 2
    TABLES = (RULES, LISTS, DAYS, OCCURRENCES, NOTICES)
    TAKES = frozenset(
        {*STATUS_AFTER, RuleChanged, RecipientsReplaced, RecipientsListed, OccurrenceOrdered, OccurrenceSkipped}
    )

    def keys(self, fact: Any, position: int) -> Iterable[tuple[Table, Key]]:
        """Name the rows that a fact reads or changes."""
        if isinstance(fact, RecipientsReplaced | RuleChanged) or (
            type(fact) in STATUS_AFTER and not isinstance(fact, RuleCreated)
        ):
            yield RULES, (fact.rule_id,)

    def project(self, fact: Any, position: int, rows: Rows) -> None:
        """Change the rows as the fact says."""
        match fact:
            case RuleCreated():
                rows.put(RULES, _created(fact, position))
                rows.put(LISTS, ListRow(fact.rule_id, fact.list_number, fact.recorded_at))
            case RecipientsReplaced():
                row = rows.get(RULES, (fact.rule_id,))
                row.list_number, row.recipients = fact.list_number, fact.recipients
                rows.put(LISTS, ListRow(fact.rule_id, fact.list_number, fact.recorded_at))
                _tell(rows, fact, position, "recipients_replaced", recipients=fact.recipients)
            case RuleChanged():
                row = rows.get(RULES, (fact.rule_id,))
                for name, value in _formed(fact.form).items():
                    setattr(row, name, value)
                row.lines, row.ends_on = list(map(_line, fact.lines)), fact.ends_on
                _tell(rows, fact, position, "changed")
            case RecipientsListed():
                for number, each in enumerate(fact.recipients, start=fact.first):
                    day = (each.token, each.calendar, each.month, each.day, each.first_year)
                    rows.add(DAYS, DayRow(fact.rule_id, fact.list_number, number, *day))
            case OccurrenceOrdered() | OccurrenceSkipped():
                _happened(fact, position, rows)
            case _:
                _switched(fact, position, rows)


def _switched(fact: Any, position: int, rows: Rows) -> None:
    row = rows.get(RULES, (fact.rule_id,))
    row.status = STATUS_AFTER[type(fact)]
    match fact:
        case RuleSuspended():
            row.reason = fact.cause
            _tell(rows, fact, position, "suspended", cause=fact.cause, product_id=fact.product_id)
        case RuleResumed():
            row.reason, row.lines, row.active_since = None, list(map(_line, fact.lines)), fact.recorded_at
            _tell(rows, fact, position, "resumed")
        case RulePaused() | RuleEndedForGood():
            row.reason = fact.reason
            _tell(rows, fact, position, row.status, reason=fact.reason)


def _happened(fact: OccurrenceOrdered | OccurrenceSkipped, position: int, rows: Rows) -> None:
    order_id = fact.order_id if isinstance(fact, OccurrenceOrdered) else None
    for occurrence in fact.occurrences:
        rows.put(OCCURRENCES, OccurrenceRow(fact.rule_id, occurrence, fact.day, order_id))
    day = fact.day.isoformat()
    if isinstance(fact, OccurrenceOrdered):
        _tell(rows, fact, position, "ordered", day=day, order_id=order_id, recipients=fact.recipients)
    else:
        _tell(rows, fact, position, "skipped", day=day, code=fact.code)


def _tell(rows: Rows, fact: Any, position: int, kind: str, **detail: Any) -> None:
    rows.add(NOTICES, NoticeRow(fact.rule_id, position, fact.recorded_at, kind, detail))


def _created(fact: RuleCreated, position: int) -> RuleRow:
    return RuleRow(
        rule_id=fact.rule_id,
        position=position,
        created_at=fact.recorded_at,
        account_id=fact.account_id,
        member_id=fact.member_id,
        **_formed(fact.form),
        ends_on=fact.ends_on,
        status=STATUS_AFTER[RuleCreated],
        reason=None,
        lines=list(map(_line, fact.lines)),
        active_since=fact.recorded_at,
        list_number=fact.list_number,
        recipients=fact.recipients,
    )


def _formed(form: RuleForm) -> dict[str, Any]:
    """Return the columns that say what a rule's orders are made from."""
    return {
        "name": form.name,
        "kind": form.kind,
        "dispatch_title": form.dispatch_title,
        "designated": form.designated,
        "allow_duplicates": form.allow_duplicates,
        "sender_profile_id": form.sender_profile_id,
        "template_id": form.template_id,
        "theme_id": form.theme_id,
        "texts_token": form.texts_token,
    }


def _line(each: RuleLine) -> dict[str, Any]:
    line = each.line
    return {
        "product_id": line.product_id,
        "brand": line.brand,
        "name": line.name,
        "validity_days": line.validity_days,
        "quantity": line.quantity,
        "list_minor": line.list_minor,
        "sale_minor": line.sale_minor,
        "terms_version": each.terms_version,
    }
