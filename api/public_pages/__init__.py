"""The pages of what is asked for and paid out: pay a link, a bill or a unit's charges, answer a request, and more.

Each lies behind a link under /p/ that nobody can guess; see `api.pages` for what they share with the recipient page.
"""

from api.public_pages.page import PREFIX, PublicPages

__all__ = ["PREFIX", "PublicPages"]
