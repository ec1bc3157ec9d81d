"""People by the thousand: findable by a mark of their number, the parties of requests, links, uploads, address books.

Whatever hangs on a person goes with the person. `reading` and `answered` only grow; neither holds personal data.
"""

from __future__ import annotations

from alembic import context, op

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE INDEX item_retain_until ON {s}.item (retain_until);
CREATE TABLE {s}.phone (
    token text PRIMARY KEY REFERENCES {s}.subject ON DELETE CASCADE,
    mark bytea NOT NULL CHECK (octet_length(mark) = 16)
);
CREATE INDEX phone_mark ON {s}.phone (mark);
CREATE TABLE {s}.party (
    id text PRIMARY KEY,
    request text NOT NULL,
    people integer NOT NULL,
    duplicates boolean NOT NULL,
    first_token text NOT NULL,
    upload text,
    asked_at timestamptz NOT NULL,
    settled boolean NOT NULL DEFAULT false
);
CREATE INDEX party_unsettled ON {s}.party (asked_at, id) WHERE NOT settled;
CREATE TABLE {s}.link (
    order_id text NOT NULL,
    recipient integer NOT NULL,
    token text NOT NULL REFERENCES {s}.subject ON DELETE CASCADE,
    generation integer NOT NULL,
    mark bytea NOT NULL UNIQUE CHECK (octet_length(mark) = 16),
    wrong smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, recipient)
);
CREATE INDEX link_token ON {s}.link (token);
CREATE TABLE {s}.reading (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    read_at timestamptz NOT NULL,
    principal text NOT NULL,
    purpose text NOT NULL,
    request_id text NOT NULL,
    subjects integer NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32)
);
CREATE TABLE {s}.answered (
    key bytea PRIMARY KEY,
    request text NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    request_id text NOT NULL,
    position bigint NOT NULL,
    answered_at timestamptz NOT NULL
);
CREATE TABLE {s}.upload (
    token text PRIMARY KEY REFERENCES {s}.subject ON DELETE CASCADE,
    owner text NOT NULL,
    kind text NOT NULL,
    good integer NOT NULL,
    bad integer NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE {s}.folder (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    token text PRIMARY KEY REFERENCES {s}.subject ON DELETE CASCADE,
    owner text NOT NULL
);
CREATE INDEX folder_owner ON {s}.folder (owner, number);
CREATE TABLE {s}.contact_group (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    token text PRIMARY KEY REFERENCES {s}.subject ON DELETE CASCADE,
    owner text NOT NULL,
    folder text NOT NULL REFERENCES {s}.folder
);
CREATE INDEX contact_group_owner ON {s}.contact_group (owner, number);
CREATE INDEX contact_group_folder ON {s}.contact_group (folder);
CREATE TABLE {s}.contact (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    token text PRIMARY KEY REFERENCES {s}.subject ON DELETE CASCADE,
    owner text NOT NULL,
    grp text NOT NULL REFERENCES {s}.contact_group
);
CREATE INDEX contact_owner ON {s}.contact (owner, number);
CREATE INDEX contact_grp ON {s}.contact (grp, number);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES.format(s=f'"{context.config.attributes["schema"]}"'))
