"""The pages by the prefix of what they are about."""

from __future__ import annotations

from api.public_pages.things.bills import BillPage
from api.public_pages.things.links import LinkPage
from api.public_pages.things.mandates import MandatePage
from api.public_pages.things.payouts import PayoutPage
from api.public_pages.things.requests import RequestPage
from api.public_pages.things.units import UnitPage
from api.public_pages.visit import Thing

THINGS: dict[str, Thing] = {
    "bil": BillPage(),
    "lnk": LinkPage(),
    "mdt": MandatePage(),
    "pol": PayoutPage(),
    "prq": RequestPage(),
    "unt": UnitPage(),
}
