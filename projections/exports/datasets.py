"""The datasets that can be exported: columns, where their rows are read from, and by what they may be narrowed.

Every dataset can be pinned to a position: its rows are only ever appended to, or are taken back to that position by its
own query. A dataset that could not be read again as it was has no place here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from projections.journal import OF_STREAM

INVOICE_PREFIX, INVOICE_DIGITS = "MCOM-129", 7
"""How `aggregates.numbers.invoice_number` writes the number of an invoice."""

Kind = Literal["integer", "text", "words", "date", "time", "json"]
"""What a column holds; `words` is text that somebody outside has chosen, and a spreadsheet could take for a formula."""


class Column(NamedTuple):
    """One column.

    Attributes:
        name: in the file. kind: of its values. sql: expression for them, over the alias `t`.
    """

    name: str
    kind: Kind
    sql: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One kind of rows.

    Attributes:
        columns: in order.
        source: what stands behind FROM, with `t` as the rows' alias; {stream} in it takes the stream of an account.
        views: the views that must have reached the position; none = the store itself.
        place: expression for the position of a row. order: behind ORDER BY.
        narrowed: filter -> condition with {value}, over the alias `t`; {id} in that of an account is its public id, and
            {value} its stream.
        source_of_one: what stands behind FROM when one account is asked for; "" = `source`.
        long_texts: whether a text may be longer than 32,767 characters.
        whole: whether all rows come from one query, and {position} in `source` pins it; else they are read in windows
            of positions.
    """

    columns: tuple[Column, ...]
    source: str
    views: tuple[str, ...]
    place: str
    order: str
    narrowed: dict[str, str]
    source_of_one: str = ""
    long_texts: bool = False
    whole: bool = False

    @property
    def filters(self) -> frozenset[str]:
        """Names of the filters that it has."""
        return frozenset(self.narrowed)


_DATED = {"from": "t.business_date >= {value}", "to": "t.business_date <= {value}", "as_of": "t.occurred_at <= {value}"}

_FACT = "convert_from(t.state, 'UTF8')::jsonb"
_HAPPENED = f"({_FACT} ->> 'occurred_at')::timestamptz"
_HAPPENED_ON = f"({_HAPPENED} AT TIME ZONE 'Asia/Seoul')::date"

_DAYS_AT_POSITION = """(
    SELECT *, sum(debit - credit) OVER (PARTITION BY currency, account ORDER BY business_date)::bigint AS balance
    FROM (
        SELECT business_date, account, currency, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit
        FROM (
            SELECT business_date, account, currency, debit_minor AS debit, credit_minor AS credit
            FROM view_journal_days
            UNION ALL
            SELECT business_date, account, currency, -greatest(amount_minor, 0), -greatest(-amount_minor, 0)
            FROM view_journal WHERE position > {position}
        ) AS parts GROUP BY 1, 2, 3
    ) AS days WHERE debit <> 0 OR credit <> 0
) AS t"""

_INVOICES_AT_POSITION = """(
    SELECT i.*, i.settlement_minor - i.applied_minor + x.adjusted AS billed, x.adjusted AS adjusted_then,
           i.advance_minor + x.paid AS paid
    FROM view_invoices i LEFT JOIN view_accounts a USING (account_id), LATERAL (
        SELECT CASE WHEN i.adjustments = '[]' THEN 0 ELSE (
            SELECT coalesce(sum((convert_from(e.state, 'UTF8')::jsonb ->> 'amount_minor')::bigint), 0)::bigint
            FROM ledger_events e
            WHERE e.originator_id = a.stream AND e.notification_id <= {position}
              AND e.topic = 'account.invoice_adjusted'
              AND convert_from(e.state, 'UTF8')::jsonb ->> 'invoice_id' = i.invoice_id
        ) END AS adjusted, (
            SELECT coalesce(sum(p.amount_minor), 0)::bigint FROM view_invoice_payments p
            WHERE p.invoice_id = i.invoice_id AND p.position <= {position}
        ) AS paid
    ) AS x WHERE i.position <= {position}
) AS t"""

DATASETS: dict[str, Dataset] = {
    "transactions": Dataset(
        columns=(
            Column("position", "integer", "t.position"),
            Column("account_id", "text", "a.account_id"),
            Column("version", "integer", "t.version"),
            Column("occurred_at", "time", "t.occurred_at"),
            Column("business_date", "date", "t.business_date"),
            Column("type", "text", "t.type"),
            Column("amount", "integer", "t.amount_minor"),
            Column("balance", "integer", "t.balance_minor"),
            Column("currency", "text", "t.currency"),
            Column("reference", "words", "t.reference"),
            Column("detail", "json", "t.detail"),
            Column("book", "text", "t.book"),
        ),
        source="view_transactions t LEFT JOIN view_accounts a ON a.stream = t.stream",
        views=("transactions", "accounts"),
        place="t.position",
        order="t.position",
        narrowed={"account_id": "t.stream = {value}", **_DATED},
    ),
    "journal": Dataset(
        columns=(
            Column("position", "integer", "t.position"),
            Column("line", "integer", "t.line"),
            Column("account_id", "text", "n.account_id"),
            Column("version", "integer", "t.version"),
            Column("topic", "text", "t.topic"),
            Column("occurred_at", "time", "t.occurred_at"),
            Column("business_date", "date", "t.business_date"),
            Column("account", "text", "t.account"),
            Column("debit", "integer", "greatest(t.amount_minor, 0)"),
            Column("credit", "integer", "greatest(-t.amount_minor, 0)"),
            Column("currency", "text", "t.currency"),
        ),
        source="view_journal t LEFT JOIN view_journal_names n ON n.stream = t.stream",
        source_of_one=OF_STREAM.replace("AS lines", "AS t").replace("%s", "{stream}")
        + " LEFT JOIN view_journal_names n ON n.stream = t.stream",
        views=("journal",),
        place="t.position",
        order="t.position, t.line",
        narrowed={"account_id": "", **_DATED},
    ),
    "trial_balance": Dataset(
        columns=(
            Column("business_date", "date", "t.business_date"),
            Column("account", "text", "t.account"),
            Column("currency", "text", "t.currency"),
            Column("debit", "integer", "t.debit"),
            Column("credit", "integer", "t.credit"),
            Column("balance", "integer", "t.balance"),
        ),
        source=_DAYS_AT_POSITION,
        views=("journal",),
        place="",
        order='t.business_date, t.currency, t.account COLLATE "C"',
        narrowed={name: _DATED[name] for name in ("from", "to")},
        whole=True,
    ),
    "invoices": Dataset(
        columns=(
            Column("position", "integer", "t.position"),
            Column("invoice_id", "text", "t.invoice_id"),
            Column("number", "text", f"'{INVOICE_PREFIX}' || lpad(t.number::text, {INVOICE_DIGITS}, '0')"),
            Column("account_id", "text", "t.account_id"),
            Column("month", "text", "t.month"),
            Column("issued_on", "date", "t.issued_on"),
            Column("due_on", "date", "t.due_on"),
            Column("currency", "text", "t.currency"),
            Column("settlement_coupons", "integer", "t.coupons"),
            Column("settlement_amount", "integer", "t.settlement_minor"),
            Column("carry_over", "integer", "t.carry_over_minor"),
            Column("carry_over_applied", "integer", "t.applied_minor"),
            Column("carried_over", "integer", "t.carried_minor"),
            Column("adjusted", "integer", "t.adjusted_then"),
            Column("billed_amount", "integer", "t.billed"),
            Column("paid", "integer", "t.paid"),
            Column("outstanding", "integer", "t.billed - t.paid"),
        ),
        source=_INVOICES_AT_POSITION,
        views=("invoices", "accounts"),
        place="",
        order="t.position",
        narrowed={
            "account_id": "t.account_id = {id}",
            "from": "t.issued_on >= {value}",
            "to": "t.issued_on <= {value}",
        },
        whole=True,
    ),
    "facts": Dataset(
        columns=(
            Column("position", "integer", "t.notification_id"),
            Column("stream", "text", "t.originator_id::text"),
            Column("version", "integer", "t.originator_version"),
            Column("topic", "text", "t.topic"),
            Column("occurred_at", "time", _HAPPENED),
            Column("recorded_at", "time", f"({_FACT} ->> 'recorded_at')::timestamptz"),
            Column("fact", "json", f"{_FACT} - 'command'"),
        ),
        source="ledger_events t",
        views=(),
        place="t.notification_id",
        order="t.notification_id",
        narrowed={
            "account_id": "t.originator_id = {value}",
            "from": f"{_HAPPENED_ON} >= {{value}}",
            "to": f"{_HAPPENED_ON} <= {{value}}",
            "as_of": f"{_HAPPENED} <= {{value}}",
        },
        long_texts=True,
    ),
}
"""Name -> dataset."""
