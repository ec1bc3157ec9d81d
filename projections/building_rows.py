"""Tables of the view `buildings`: one row each of what a manager and a resident see of a building (SPEC 11.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from projections.rows import Table


@dataclass(slots=True)
class BuildingRow:
    """One building. name: vault token. last_month: that was run. The policy's parts as of `Policy`."""

    building_id: str
    position: int
    opened_at: datetime
    account_id: str
    currency: str
    name: str
    late_fee: str
    late_fee_bps: int
    late_fee_minor: int
    grace_days: int
    remind_every_days: int
    reminders_per_month: int
    units: int = 0
    last_month: str | None = None


BUILDINGS = Table(
    "view_buildings",
    BuildingRow,
    key={"building_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        building_id text NOT NULL,
        position bigint NOT NULL,
        opened_at timestamptz NOT NULL,
        account_id text NOT NULL,
        currency text NOT NULL,
        name text NOT NULL,
        late_fee text NOT NULL,
        late_fee_bps bigint NOT NULL,
        late_fee_minor bigint NOT NULL,
        grace_days bigint NOT NULL,
        remind_every_days bigint NOT NULL,
        reminders_per_month bigint NOT NULL,
        units bigint NOT NULL,
        last_month text,
        CONSTRAINT {table}_pkey PRIMARY KEY (building_id)
    )
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_of_account ON {table} (account_id, position)",),
)


@dataclass(slots=True)
class UnitRow:
    """One unit. place: what it sorts by. owner, resident: vault tokens of who is there now, and since when."""

    unit_id: str
    building_id: str
    account_id: str
    place: str
    number: str
    area_centi: int
    occupants: int
    weight: int
    owner: str | None = None
    owner_since: date | None = None
    resident: str | None = None
    resident_since: date | None = None


UNITS = Table(
    "view_units",
    UnitRow,
    key={"unit_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        unit_id text NOT NULL,
        building_id text NOT NULL,
        account_id text NOT NULL,
        place text COLLATE "C" NOT NULL,
        number text NOT NULL,
        area_centi bigint NOT NULL,
        occupants bigint NOT NULL,
        weight bigint NOT NULL,
        owner text,
        owner_since date,
        resident text,
        resident_since date,
        CONSTRAINT {table}_pkey PRIMARY KEY (unit_id)
    )
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_in_order ON {table} (building_id, place)",),
)


@dataclass(slots=True)
class PersonRow:
    """One period of one person at a unit. until: last day; None = still. ended_at: position of the fact of it."""

    unit_id: str
    role: str
    since: date
    building_id: str
    person: str
    until: date | None
    ended_at: int | None = None


PEOPLE = Table(
    "view_unit_people",
    PersonRow,
    key={"unit_id": "text", "role": "text", "since": "date"},
    ddl="""
    CREATE TABLE {table} (
        unit_id text NOT NULL,
        role text NOT NULL,
        since date NOT NULL,
        building_id text NOT NULL,
        person text NOT NULL,
        until date,
        ended_at bigint,
        CONSTRAINT {table}_pkey PRIMARY KEY (unit_id, role, since)
    )
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_ended ON {table} (ended_at) WHERE ended_at IS NOT NULL",),
)


@dataclass(slots=True)
class CostTypeRow:
    """One kind of cost, as it is charged from the next run on. rank: in which order it was added."""

    building_id: str
    code: str
    rank: int
    name: str
    charge: str
    basis: str
    liable: str
    capital: bool
    amount_minor: int | None
    active: bool


COST_TYPES = Table(
    "view_cost_types",
    CostTypeRow,
    key={"building_id": "text", "code": "text"},
    ddl="""
    CREATE TABLE {table} (
        building_id text NOT NULL,
        code text NOT NULL,
        rank bigint NOT NULL,
        name text NOT NULL,
        charge text NOT NULL,
        basis text NOT NULL,
        liable text NOT NULL,
        capital boolean NOT NULL,
        amount_minor bigint,
        active boolean NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (building_id, code)
    )
    """,
)


@dataclass(slots=True)
class ReadingRow:
    """What was read for a unit. before: what stood there before it was corrected; None = it was not."""

    building_id: str
    month: str
    code: str
    unit_id: str
    value: int
    before: int | None


READINGS = Table(
    "view_readings",
    ReadingRow,
    key={"building_id": "text", "month": "text", "code": "text", "unit_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        building_id text NOT NULL,
        month text NOT NULL,
        code text NOT NULL,
        unit_id text NOT NULL,
        value bigint NOT NULL,
        before bigint,
        CONSTRAINT {table}_pkey PRIMARY KEY (building_id, month, code, unit_id)
    )
    """,
)


@dataclass(slots=True)
class RunRow:
    """One month that was run. total_minor: of all its costs."""

    building_id: str
    month: str
    position: int
    run_at: datetime
    due_on: date
    total_minor: int
    units: int
    currency: str


RUNS = Table(
    "view_building_runs",
    RunRow,
    key={"building_id": "text", "month": "text"},
    ddl="""
    CREATE TABLE {table} (
        building_id text NOT NULL,
        month text NOT NULL,
        position bigint NOT NULL,
        run_at timestamptz NOT NULL,
        due_on date NOT NULL,
        total_minor bigint NOT NULL,
        units bigint NOT NULL,
        currency text NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (building_id, month)
    )
    """,
)


@dataclass(slots=True)
class CostRow:
    """One cost of a month, as it was split. weight: sum of all weights."""

    building_id: str
    month: str
    code: str
    position: int
    name: str
    basis: str
    liable: str
    total_minor: int
    weight: int


COSTS = Table(
    "view_building_costs",
    CostRow,
    key={"building_id": "text", "month": "text", "code": "text"},
    ddl="""
    CREATE TABLE {table} (
        building_id text NOT NULL,
        month text NOT NULL,
        code text NOT NULL,
        position bigint NOT NULL,
        name text NOT NULL,
        basis text NOT NULL,
        liable text NOT NULL,
        total_minor bigint NOT NULL,
        weight bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (building_id, month, code)
    )
    """,
)


@dataclass(slots=True)
class ShareRow:
    """What a unit bears of a cost with the run of a month. of_month: whose cost it is; another one = an adjustment."""

    unit_id: str
    month: str
    of_month: str
    code: str
    building_id: str
    weight: int
    amount_minor: int


SHARES = Table(
    "view_unit_shares",
    ShareRow,
    key={"unit_id": "text", "month": "text", "of_month": "text", "code": "text"},
    ddl="""
    CREATE TABLE {table} (
        unit_id text NOT NULL,
        month text NOT NULL,
        of_month text NOT NULL,
        code text NOT NULL,
        building_id text NOT NULL,
        weight bigint NOT NULL,
        amount_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (unit_id, month, of_month, code)
    )
    """,
)


@dataclass(slots=True)
class UnitMonthRow:
    """One unit that has a part of a run. is_charged: whether it was charged with it."""

    unit_id: str
    month: str
    building_id: str
    is_charged: bool


UNIT_MONTHS = Table(
    "view_unit_months",
    UnitMonthRow,
    key={"unit_id": "text", "month": "text"},
    ddl="""
    CREATE TABLE {table} (
        unit_id text NOT NULL,
        month text NOT NULL,
        building_id text NOT NULL,
        is_charged boolean NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (unit_id, month)
    ) WITH (fillfactor = 80)
    """,
    indexes=("CREATE INDEX IF NOT EXISTS {table}_to_charge ON {table} (unit_id, month) WHERE NOT is_charged",),
)


@dataclass(slots=True)
class TabRow:
    """What one person owes and has paid for a unit in one role. reminders: of the month of reminded_on."""

    obligation_id: str
    unit_id: str
    building_id: str
    account_id: str
    role: str
    person: str | None
    currency: str
    due_minor: int
    paid_minor: int
    credit_minor: int
    reminded_on: date | None = None
    reminders: int = 0


TABS = Table(
    "view_unit_tabs",
    TabRow,
    key={"obligation_id": "text"},
    ddl="""
    CREATE TABLE {table} (
        obligation_id text NOT NULL,
        unit_id text NOT NULL,
        building_id text NOT NULL,
        account_id text NOT NULL,
        role text NOT NULL,
        person text,
        currency text NOT NULL,
        due_minor bigint NOT NULL,
        paid_minor bigint NOT NULL,
        credit_minor bigint NOT NULL,
        reminded_on date,
        reminders bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (obligation_id)
    ) WITH (fillfactor = 80)
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_of_unit ON {table} (unit_id)",
        "CREATE INDEX IF NOT EXISTS {table}_of_building ON {table} (building_id)",
        "CREATE INDEX IF NOT EXISTS {table}_owing ON {table} (obligation_id) WHERE due_minor > paid_minor",
    ),
)


@dataclass(slots=True)
class LineRow:
    """One line of a tab. place: what lists run by. amount_minor: less what adjustments took off."""

    obligation_id: str
    number: int
    place: str
    unit_id: str
    building_id: str
    charged_at: datetime
    kind: str
    code: str
    month: str
    of_month: str
    due_on: date
    amount_minor: int


LINES = Table(
    "view_unit_lines",
    LineRow,
    key={"obligation_id": "text", "number": "bigint"},
    ddl="""
    CREATE TABLE {table} (
        obligation_id text NOT NULL,
        number bigint NOT NULL,
        place text COLLATE "C" NOT NULL,
        unit_id text NOT NULL,
        building_id text NOT NULL,
        charged_at timestamptz NOT NULL,
        kind text NOT NULL,
        code text NOT NULL,
        month text NOT NULL,
        of_month text NOT NULL,
        due_on date NOT NULL,
        amount_minor bigint NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (obligation_id, number)
    )
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_of_building ON {table} (building_id, place)",
        "CREATE INDEX IF NOT EXISTS {table}_of_unit ON {table} (unit_id, place)",
    ),
)


@dataclass(slots=True)
class DueRow:
    """One month of one tab. has_fee: whether its late fee was charged."""

    obligation_id: str
    month: str
    unit_id: str
    building_id: str
    due_on: date
    has_fee: bool


DUES = Table(
    "view_unit_dues",
    DueRow,
    key={"obligation_id": "text", "month": "text"},
    ddl="""
    CREATE TABLE {table} (
        obligation_id text NOT NULL,
        month text NOT NULL,
        unit_id text NOT NULL,
        building_id text NOT NULL,
        due_on date NOT NULL,
        has_fee boolean NOT NULL,
        CONSTRAINT {table}_pkey PRIMARY KEY (obligation_id, month)
    )
    """,
)


@dataclass(slots=True)
class UnitPaymentRow:
    """One payment of a tab, or the end of one. kind: paid, confirmed, reversed or refunded.

    Attributes:
        amount_minor: what came, or is gone. over_minor: what of it was credit.
        outstanding_minor: what was left to pay of the tab.
    """

    obligation_id: str
    position: int
    at: datetime
    unit_id: str
    building_id: str
    kind: str
    attempt_id: str | None
    method: str | None
    amount_minor: int
    over_minor: int
    outstanding_minor: int


PAYMENTS = Table(
    "view_unit_payments",
    UnitPaymentRow,
    key={},
    ddl="""
    CREATE TABLE {table} (
        obligation_id text NOT NULL,
        position bigint NOT NULL,
        at timestamptz NOT NULL,
        unit_id text NOT NULL,
        building_id text NOT NULL,
        kind text NOT NULL,
        attempt_id text,
        method text,
        amount_minor bigint NOT NULL,
        over_minor bigint NOT NULL,
        outstanding_minor bigint NOT NULL
    )
    """,
    indexes=(
        "CREATE INDEX IF NOT EXISTS {table}_of_unit ON {table} (unit_id, position)",
        "CREATE INDEX IF NOT EXISTS {table}_of_building ON {table} (building_id, position)",
    ),
)
