"""What faults of services share: where the services are."""

from __future__ import annotations

from twin.errors import UsageError
from twin.faults.port import Surfaces
from twin.services.services import Services

__all__ = ["services_of"]


def services_of(surfaces: Surfaces, kind: str) -> Services:
    """Return the services of the world; UsageError for a world without, in which *kind* is idle."""
    if surfaces.services is None:
        raise UsageError(f"{kind} takes hold of a service: this world has none")
    return surfaces.services
