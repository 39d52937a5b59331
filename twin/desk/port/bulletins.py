"""Threat bulletins: bundles of STIX 2.1 objects (indicators, vulnerabilities, reports)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Bulletin", "Bulletins"]


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A bundle that *publisher* sent at unix second *published*; *objects* are STIX 2.1 JSON.

    An indicator carries a `pattern` such as `[x-chain-address:value = '0x...']`. A vulnerability
    carries `x_affected`: a list of {component, before} (fixed in that version). A report carries
    its text. Times within are RFC 3339.
    """

    id: str
    publisher: str
    published: int
    objects: tuple[Mapping[str, Any], ...]


class Bulletins(Protocol):
    """The TAXII collection we subscribe to."""

    def since(self, at: int) -> list[Bulletin]:
        """Return what was published from unix second *at* on, oldest first."""
