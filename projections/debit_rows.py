"""Tables of the view `direct_debits`: onboardings, mandates, debits, plans, batches and their failures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from projections.rows import Table


@dataclass(slots=True)
class OnboardingRow:
    """An account's application.

    Attributes:
        settlement: vault token. documents: kind -> {"document": vault token, "sha256": of its bytes}.
        institution_code, surety, reason: None = not there.
    """

    account_id: str
    position: int
    updated_at: datetime
    status: str
    settlement: str
    statement_text: str
    documents: dict[str, Any]
    institution_code: str | None = None
    surety: dict[str, Any] | None = None
    reason: str | None = None


@dataclass(slots=True)
class MandateRow:
    """One mandate.

    Attributes:
        step: entry, verifying or consent while it is requested; "" afterwards.
        payer, bank_account, evidence: vault tokens; None = not there.
        batch_id, serial: the file that asked for it, and its line. end_batch_id, end_serial: that told of its end.
        at_bank: whether the bank has it registered.
        ended_by: payer, biller, bank or superseded; None = not ended, or failed.
        kept_until: how long the evidence is kept; None = not settled.
    """

    mandate_id: str
    account_id: str
    position: int
    requested_at: datetime
    status: str
    step: str
    payer: str
    channel: str
    consent_text: str
    fixed_minor: int | None
    max_debit_minor: int | None
    max_month_minor: int | None
    partial: bool
    currency: str
    replaces: str | None
    consent_until: date
    entry: int = 0
    bank: str | None = None
    bank_account: str | None = None
    shown: str | None = None
    match: str | None = None
    evidence: str | None = None
    evidence_hash: str | None = None
    consented_on: date | None = None
    batch_id: str | None = None
    serial: int | None = None
    end_batch_id: str | None = None
    end_serial: int | None = None
    at_bank: bool = False
    code: str | None = None
    reason: str | None = None
    ended_by: str | None = None
    ended_on: date | None = None
    replaced_by: str | None = None
    kept_until: date | None = None


@dataclass(slots=True)
class DebitRow:
    """One debit.

    Attributes:
        account: of it. month: of the day of collection. next_on: from when on it goes into a file; None = it does not.
        batch_id, serial, asked_minor: the last file it was in, its line, and what was asked for.
        collected_minor: what was taken and not taken back. reversed_minor: what was taken back.
    """

    debit_id: str
    account_id: str
    position: int
    scheduled_at: datetime
    mandate_id: str
    obligation_id: str
    amount_minor: int
    currency: str
    collect_on: date
    month: str
    same_day: bool
    retry_days: list[int]
    status: str
    next_on: date | None
    tries: int = 0
    batch_id: str | None = None
    serial: int | None = None
    asked_minor: int = 0
    collected_minor: int = 0
    reversed_minor: int = 0
    collected_at: datetime | None = None
    code: str | None = None


@dataclass(slots=True)
class PlanRow:
    """One plan. next_month, next_on: of the next debit; None = none. last_code: why a month went without."""

    plan_id: str
    account_id: str
    position: int
    made_at: datetime
    mandate_id: str
    amount_minor: int
    currency: str
    day: int
    first_month: str
    last_month: str | None
    retry_days: list[int]
    status: str
    next_month: str | None
    next_on: date | None
    debits: int = 0
    last_debit_id: str | None = None
    last_code: str | None = None


@dataclass(slots=True)
class BatchRow:
    """One batch. failures: lines that its results name; settled: lines whose results are recorded."""

    batch_id: str
    account_id: str
    position: int
    opened_at: datetime
    kind: str
    day: date
    institution_code: str
    cut_off_at: datetime
    results_at: datetime
    currency: str
    status: str
    parts: int = 0
    lines: int = 0
    total_minor: int = 0
    sha256: str | None = None
    results_sha256: str | None = None
    failures: int = 0
    settled: int = 0
    done: int = 0
    partly: int = 0
    failed: int = 0
    collected_minor: int = 0
    code: str | None = None


@dataclass(slots=True)
class LineRow:
    """A line of a file of debits: what a return that comes months later is about."""

    batch_id: str
    serial: int
    debit_id: str


@dataclass(slots=True)
class FailureRow:
    """A line that a file of results names. amount_minor: what was collected of it."""

    batch_id: str
    serial: int
    code: str
    amount_minor: int


ONBOARDINGS = Table(
    "view_onboardings",
    OnboardingRow,
    key={"account_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        account_id text NOT NULL,
        position bigint NOT NULL,
        updated_at timestamptz NOT NULL,
        status text NOT NULL,
        settlement text NOT NULL,
        statement_text text NOT NULL,
        documents jsonb NOT NULL,
        institution_code text,
        surety jsonb,
        reason text,
        CONSTRAINT {table}_pkey PRIMARY KEY (account_id)
    ) WITH (fillfactor = 80)
    """,
    json=frozenset({"documents", "surety"}),
)

MANDATES = Table(
    "view_mandates",
    MandateRow,
    key={"mandate_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        mandate_id text NOT NULL,
        account_id text NOT NULL,
        position bigint NOT NULL,
        requested_at timestamptz NOT NULL,
        status text NOT NULL,
        step text NOT NULL,
        payer text NOT NULL,
        channel text NOT NULL,
        consent_text text NOT NULL,
        fixed_minor bigint,
        max_debit_minor bigint,
        max_month_minor bigint,
        partial boolean NOT NULL,
        currency text NOT NULL,
        replaces text,
        consent_until date NOT NULL,
        entry integer NOT NULL,
        bank text,
        bank_account text,
        shown text,
        match text,
        evidence text,
        evidence_hash text,
        consented_on date,
        batch_id text,
        serial integer,
        end_batch_id text,
        end_serial integer,
        at_bank boolean NOT NULL,
        code text,
        reason text,
        ended_by text,
        ended_on date,
        replaced_by text,
        kept_until date,
        CONSTRAINT {table}_pkey PRIMARY KEY (mandate_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_asking ON {table} (position) WHERE step IN ('verifying', 'consent')",
        "CREATE INDEX IF NOT EXISTS {table}_waiting ON {table} (consent_until) WHERE status = 'consent_requested'",
        "CREATE INDEX IF NOT EXISTS {table}_to_bank ON {table} (account_id, mandate_id)"
        " WHERE status = 'consented' OR (at_bank AND status IN ('cancelled', 'superseded'))",
        "CREATE INDEX IF NOT EXISTS {table}_in_batch ON {table} (batch_id, serial) WHERE batch_id IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS {table}_ended_in ON {table} (end_batch_id, end_serial)"
        " WHERE end_batch_id IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS {table}_undated ON {table} (position)"
        " WHERE kept_until IS NULL AND ended_on IS NOT NULL AND NOT at_bank",
    ),
)

DEBITS = Table(
    "view_debits",
    DebitRow,
    key={"debit_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        debit_id text NOT NULL,
        account_id text NOT NULL,
        position bigint NOT NULL,
        scheduled_at timestamptz NOT NULL,
        mandate_id text NOT NULL,
        obligation_id text NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        collect_on date NOT NULL,
        month text NOT NULL,
        same_day boolean NOT NULL,
        retry_days integer[] NOT NULL,
        status text NOT NULL,
        next_on date,
        tries integer NOT NULL,
        batch_id text,
        serial integer,
        asked_minor bigint NOT NULL,
        collected_minor bigint NOT NULL,
        reversed_minor bigint NOT NULL,
        collected_at timestamptz,
        code text,
        CONSTRAINT {table}_pkey PRIMARY KEY (debit_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (account_id, position, debit_id)",
        "CREATE INDEX IF NOT EXISTS {table}_due ON {table} (account_id, debit_id) WHERE next_on IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS {table}_in_batch ON {table} (batch_id, serial) WHERE batch_id IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS {table}_of_obligation ON {table} (obligation_id)",
        "CREATE INDEX IF NOT EXISTS {table}_of_mandate ON {table} (mandate_id)",
    ),
)

PLANS = Table(
    "view_debit_plans",
    PlanRow,
    key={"plan_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        plan_id text NOT NULL,
        account_id text NOT NULL,
        position bigint NOT NULL,
        made_at timestamptz NOT NULL,
        mandate_id text NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        day integer NOT NULL,
        first_month text NOT NULL,
        last_month text,
        retry_days integer[] NOT NULL,
        status text NOT NULL,
        next_month text,
        next_on date,
        debits integer NOT NULL,
        last_debit_id text,
        last_code text,
        CONSTRAINT {table}_pkey PRIMARY KEY (plan_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_due ON {table} (next_on) WHERE status = 'active'",
    ),
)

BATCHES = Table(
    "view_debit_batches",
    BatchRow,
    key={"batch_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        batch_id text NOT NULL,
        account_id text NOT NULL,
        position bigint NOT NULL,
        opened_at timestamptz NOT NULL,
        kind text NOT NULL,
        day date NOT NULL,
        institution_code text NOT NULL,
        cut_off_at timestamptz NOT NULL,
        results_at timestamptz NOT NULL,
        currency text NOT NULL,
        status text NOT NULL,
        parts integer NOT NULL,
        lines integer NOT NULL,
        total_minor bigint NOT NULL,
        sha256 text,
        results_sha256 text,
        failures integer NOT NULL,
        settled integer NOT NULL,
        done integer NOT NULL,
        partly integer NOT NULL,
        failed integer NOT NULL,
        collected_minor bigint NOT NULL,
        code text,
        CONSTRAINT {table}_pkey PRIMARY KEY (batch_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_newest ON {table} (account_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_open ON {table} (position)"
        " WHERE status IN ('open', 'closed', 'missed', 'answered')",
    ),
)

FAILURES = Table(
    "view_debit_failures",
    FailureRow,
    key={},
    ddl="""
    CREATE TABLE {table} (
        batch_id text NOT NULL,
        serial integer NOT NULL,
        code text NOT NULL,
        amount_minor bigint NOT NULL
    )
    """,
    indexes=("CREATE UNIQUE INDEX IF NOT EXISTS {table}_line ON {table} (batch_id, serial)",),
)

LINES = Table(
    "view_debit_lines",
    LineRow,
    key={},
    ddl="""
    CREATE TABLE {table} (
        batch_id text NOT NULL,
        serial integer NOT NULL,
        debit_id text NOT NULL
    )
    """,
    indexes=("CREATE UNIQUE INDEX IF NOT EXISTS {table}_line ON {table} (batch_id, serial)",),
)
