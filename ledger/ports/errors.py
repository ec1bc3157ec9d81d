"""What can go wrong with a call to a provider, apart from the provider's own answers."""

from __future__ import annotations

from aggregates.errors import Rejected, Unavailable


class PortUnavailable(Unavailable):
    """The provider did not answer. What was asked may have been done: ask for its status, or ask again by its key."""

    code = "provider_unavailable"


class PortRefused(Rejected):
    """The provider does not take the call as it is: the key stands for another request, or what it names is unknown."""

    code = "provider_refused"
