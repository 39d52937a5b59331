"""The services beside chain and markets, as their clients see them: one field a service.

A service has its port in a module of its own here, named like it, and its counterpart in
`twin/services/`; live, the same port is answered by the real thing.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ServiceDesk"]


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """The client of every service, by the service's name."""
