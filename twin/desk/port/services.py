"""The services beside chain and markets, as their clients see them: one field a service.

A service has its port in a module of its own here, named like it, and its counterpart in
`twin/services/`; live, the same port is answered by the real thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin.desk.port.backups import Backups
from twin.desk.port.operators import Operators
from twin.desk.port.vendors import Vendors

__all__ = ["ServiceDesk"]

_ABSENT: Any = None
"""A service that a desk has not been given: a procedure that asks for it breaks at once."""


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """The client of every service, by the service's name."""

    backups: Backups = _ABSENT
    operators: Operators = _ABSENT
    vendors: Vendors = _ABSENT
