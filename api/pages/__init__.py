"""What pages for people outside have in common: frame, words, session, and the way in behind a link.

Made on the server, without script, for a phone first. It is no part of the API: no key, no JSON. The pages themselves
stand on top of it: `api.recipient_page` under /c/, `api.public_pages` under /p/.
"""
