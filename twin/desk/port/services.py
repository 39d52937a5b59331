"""The services beside chain and markets, as their clients see them: one field a service.

A service has its port in a module of its own here, named like it, and its counterpart in
`twin/services/`; live, the same port is answered by the real thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin.desk.port.bulletins import Bulletins
from twin.desk.port.identities import Identities
from twin.desk.port.journals import Journals
from twin.desk.port.pager import Pager
from twin.desk.port.scans import Scans
from twin.desk.port.tickets import Tickets
from twin.errors import NoData

__all__ = ["Absent", "ServiceDesk", "absent"]


class Absent:
    """A service that this desk is not connected to: whatever is asked of it is no data."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        """Keep the *name* for the message."""
        self._name = name

    def __getattr__(self, question: str) -> Any:
        """There is nobody to answer."""
        if question.startswith("_"):
            raise AttributeError(question)
        raise NoData(f"the desk is not connected to {self._name}: {question}")


def absent(name: str) -> Any:
    """Return what stands for the service *name* where there is none."""
    return Absent(name)


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """The client of every service, by the service's name."""

    bulletins: Bulletins = absent("bulletins")  # noqa: RUF009 - it has no state
    identities: Identities = absent("identities")  # noqa: RUF009 - it has no state
    journals: Journals = absent("journals")  # noqa: RUF009 - it has no state
    pager: Pager = absent("pager")  # noqa: RUF009 - it has no state
    scans: Scans = absent("scans")  # noqa: RUF009 - it has no state
    tickets: Tickets = absent("tickets")  # noqa: RUF009 - it has no state
