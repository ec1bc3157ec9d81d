"""The page of one recipient: coupons, or the choice of one, behind a link and the last digits of a phone number.

Made on the server, without script, in Korean and English, for a phone first. It is no part of the API: no key, no JSON,
an ASGI application of its own for every path under /c/.
"""

from api.recipient_page.page import PREFIX, RecipientPage

__all__ = ["PREFIX", "RecipientPage"]
