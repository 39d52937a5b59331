"""The editors: whoever sets a report for publication returns the proof of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["Editors"]


class Editors(Protocol):
    """Those who turn an assembled report into what is printed."""

    def proof(self, report: str, figures: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the proof of *report*: its *figures* by key, as they would be printed."""
