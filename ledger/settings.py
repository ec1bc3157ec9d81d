"""What the operator may choose, read once from the environment into typed values.

Every name begins with `LEDGER_`; an empty variable counts as absent. Nothing here opens a file or a connection. Secrets
are `SecretStr`: their `repr` is stars, so that a log line or a traceback cannot give them away.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args

from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, Field, PositiveInt, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

BOOTSTRAP_KEY = re.compile(r"[\x21-\x7e]{32,512}")
SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,39}")
PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?/?")
FALLBACK_NUMBER = "0200000000"
"""Nobody's number: in the place of the service's own until that is set."""

RESERVED_SCHEMAS = frozenset({"public", "information_schema", "ledger_guard"})


def _postgres_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must be a PostgreSQL address: postgresql://role:password@host:port/database")
    try:
        conninfo_to_dict(text)
    except Exception:  # The library's message repeats the address, and with it the password.
        raise ValueError("is not a PostgreSQL address that can be read") from None
    return url


def _bootstrap_key(key: SecretStr) -> SecretStr:
    if not BOOTSTRAP_KEY.fullmatch(key.get_secret_value()):
        raise ValueError("must be 32 to 512 visible ASCII characters")
    return key


def _public_url(url: str) -> str:
    if url and not PUBLIC_URL.fullmatch(url):
        raise ValueError("must be an address such as https://gifts.example, without a path, a query or a password")
    return url.removesuffix("/")


def _schema(name: str) -> str:
    if not SCHEMA.fullmatch(name) or name.startswith("pg_") or name in RESERVED_SCHEMAS:
        raise ValueError("must be 1 to 40 of a-z, 0-9 and _, begin with a letter and be no name of PostgreSQL's own")
    return name


ChargeMethod = Literal["card", "transfer", "virtual_account"]
PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]


class Settings(BaseSettings):
    """The settings of one process.

    Attributes:
        database_url: PostgreSQL 17 or later, under the role that writes; None = the embedded server.
        migrate_url: the same database under a role that may create roles; None = `database_url`.
        vault_database_url: where personal data lies; None = database `vault` beside the ledger's, under a role of its
            own.
        data_dir: folder of the embedded server and of generated secrets.
        schema_name: PostgreSQL schema of this ledger (`LEDGER_SCHEMA`): lower case, at most 40 characters.
        sandbox: whether the sandbox's routes exist; None = yes on the embedded server, no with a database address.
        sandbox_callback_url: where the sandbox's providers send their callbacks, e.g. http://127.0.0.1:8000; None =
            nowhere, unless `ledger serve` says where it listens.
        bootstrap_key: an admin API key of the operator's own, accepted as given at the first start.
        kek_file: file of the key that wraps all other keys; None = generated in the data folder.
        signing_key_file: file of the key that signs checkpoints; None = none given.
        log_format: `console` for people, `json` for machines.
        company_file: TOML file of the company that issues documents; None = an example company in the sandbox, and no
            documents outside it.
        charge_methods: the methods by which accounts may be charged, as a JSON list (SPEC R-061).
        charge_maximum: method -> largest single charge in minor units, as a JSON object; a method that is not named has
            none (SPEC R-060).
        public_url: address under which recipients reach this service, e.g. https://gifts.example; "" = the links in
            messages are paths alone, unless `ledger serve` says where it listens.
        fallback_number: from which MMS and SMS are shown to come: the service's own, 8 to 12 digits (SPEC 3.1, D1).
        expired_refund_rate: percent of the price of a coupon that goes back when it expires without use (SPEC R-035).
        invoice_due_day: an invoice is to be paid by the last business day of its month up to this one (SPEC R-087).
        bill_reminder_days: days before its last day on which the payer of a bill is reminded, a JSON list (SPEC R-122).
        bill_reminder_hour: from which hour in Seoul.
        request_expiry_days: a payment request without an answer expires so many days after its due date (SPEC R-103).
    """

    model_config = SettingsConfigDict(
        env_prefix="LEDGER_",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    database_url: PostgresUrl | None = None
    migrate_url: PostgresUrl | None = None
    vault_database_url: PostgresUrl | None = None
    data_dir: Path = Path(".ledger")
    schema_name: Annotated[str, AfterValidator(_schema)] = Field("ledger", validation_alias="LEDGER_SCHEMA")
    sandbox: bool | None = None
    sandbox_callback_url: Annotated[str, StringConstraints(pattern=r"^http://[^/]+$")] | None = None
    bootstrap_key: Annotated[SecretStr, AfterValidator(_bootstrap_key)] | None = None
    kek_file: Path | None = None
    signing_key_file: Path | None = None
    log_format: Literal["console", "json"] = "console"
    company_file: Path | None = None
    charge_methods: tuple[ChargeMethod, ...] = get_args(ChargeMethod)
    charge_maximum: dict[ChargeMethod, PositiveInt] = {}
    public_url: Annotated[str, AfterValidator(_public_url)] = ""
    fallback_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{8,12}$")] = FALLBACK_NUMBER
    expired_refund_rate: Annotated[int, Field(ge=0, le=100)] = 0
    invoice_due_day: Annotated[int, Field(ge=10, le=31)] = 31
    bill_reminder_days: Annotated[tuple[Annotated[int, Field(ge=0, le=60)], ...], Field(max_length=10)] = (3, 1, 0)
    bill_reminder_hour: Annotated[int, Field(ge=0, le=23)] = 10
    request_expiry_days: Annotated[int, Field(ge=0, le=365)] = 30

    @property
    def embedded(self) -> bool:
        """Whether the embedded server is used."""
        return self.database_url is None

    @property
    def sandbox_on(self) -> bool:
        """Whether the sandbox's routes exist."""
        return self.embedded if self.sandbox is None else self.sandbox

    @cached_property
    def data_folder(self) -> Path:
        """`data_dir` as an absolute path, so that a later change of the working folder moves nothing."""
        return self.data_dir.expanduser().absolute()
