"""The pages by the prefix of what they are about."""

from __future__ import annotations

from api.public_pages.things.bills import BillPage
from api.public_pages.things.links import LinkPage
from api.public_pages.things.requests import RequestPage
from api.public_pages.visit import Thing

THINGS: dict[str, Thing] = {
    "bil": BillPage(),
    "lnk": LinkPage(),
    "prq": RequestPage(),
}
