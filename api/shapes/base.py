"""The ground that all shapes of answers stand on: closed models, and the ids of their examples."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

ACCOUNT_ID = "acc_01k7q4m2x9w3t8r5z6"


OTHER_ACCOUNT_ID = "acc_01b3c5d7e9f1g3h5j7"


CHARGE_ID = "chg_01k7q4m2x9w3t8r5z62"


SPEND_ID = "spd_01k7q4m2x9w3t8r5z63"


REFUND_ID = "rfd_01k7q4m2x9w3t8r5z64"


INVOICE_ID = "inv_01k7q4m2x9w3t8r5z67"


TIME = "2026-03-02T01:15:30.000000Z"


DATE = "2026-03-02"


class Shape(BaseModel):
    """Base of every answer: closed, so that an undocumented field is found by a test."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


def example(**values: Any) -> ConfigDict:
    """Return a model configuration with the example that the documentation shows."""
    return ConfigDict(json_schema_extra={"example": values})


class LotPart(Shape):
    """A part of one lot."""

    model_config = example(charge_id=CHARGE_ID, amount=29700)

    charge_id: str
    amount: int


def list_of(item: type[Shape]) -> type[BaseModel]:
    """Return the model of a page of `item`."""
    extra = item.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"items": [extra["example"]], "next_cursor": None}}
    )
    items: Any = (list[item], ...)  # type: ignore[valid-type]
    next_cursor: Any = (str | None, ...)
    name = f"{item.__name__.removeprefix('Listed')}List"
    return create_model(name, __config__=config, __doc__="One page of a list.", items=items, next_cursor=next_cursor)
