"""The recipient page: what a link under /c/ shows and what its steps do, on top of what all pages share."""

from __future__ import annotations

import time
from collections.abc import Callable

from api.ask import House
from api.pages.answers import Asked
from api.pages.page import Pages
from api.recipient_page.design import OWN_STYLE
from api.recipient_page.steps import Steps
from api.recipient_page.texts import WORDS
from api.reply import Reply

PREFIX = "/c/"


class RecipientPage(Pages):
    """Answers everything under /c/.

    Args:
        house: what the API works with.
    """

    def __init__(self, house: House, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(house, monotonic, name="recipient_page", prefix=PREFIX, offered=WORDS, own_style=OWN_STYLE)
        self._steps = Steps(house, monotonic)

    async def show(self, asked: Asked) -> Reply:
        """Answer a request for the page of a recipient. Raises: as of `Pages.show`."""
        return await self._steps.answer(asked)
