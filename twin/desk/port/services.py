"""The services beside chain and markets, as their clients see them: one field a service.

A service has its port in a module of its own here, named like it, and its counterpart in
`twin/services/`; live, the same port is answered by the real thing.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.desk.port.contacts import Contacts
from twin.desk.port.exchanges import Exchanges
from twin.desk.port.makers import Makers
from twin.desk.port.news import News

__all__ = ["ServiceDesk"]


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """The client of every service, by the service's name."""

    contacts: Contacts
    exchanges: Exchanges
    makers: Makers
    news: News
