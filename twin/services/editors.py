"""The editors of reports: they print what they are given, and sometimes improve on it.

A figure is retyped, an interval is dropped because it looks untidy, the unwelcome half of a pair is
left out: none of this is malice, and each of it has been published somewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

__all__ = ["EditorClient", "EditorDesk"]

PPM = 1_000_000
How = Literal["value", "interval", "omit"]


def _scaled(value: Any, factor_ppm: int) -> Any:
    """Return *value* with its first number changed by *factor_ppm*."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value * factor_ppm // PPM or 1
    if isinstance(value, Mapping):
        for name in ("value", "median"):
            if name in value:
                return {**value, name: _scaled(value[name], factor_ppm)}
    return value


class EditorDesk:
    """Sets reports; the fault handles are `meddle` and `stop`."""

    def __init__(self) -> None:
        """Everybody prints what they are given."""
        self._edits: dict[tuple[str, str], tuple[How, int]] = {}

    def meddle(self, report: str, key: str, how: How, factor_ppm: int) -> None:
        """Change the figure *key* of *report* from now on."""
        self._edits[report, key] = (how, factor_ppm)

    def stop(self, report: str, key: str) -> None:
        """Print it as it is given."""
        self._edits.pop((report, key), None)

    def proof(self, report: str, figures: Mapping[str, Any]) -> dict[str, Any]:
        """Return the proof of *report*."""
        found: dict[str, Any] = {}
        for key, value in figures.items():
            how, factor = self._edits.get((report, key), (None, PPM))
            if how == "omit":
                continue
            if how == "value":
                found[key] = _scaled(value, factor)
            elif how == "interval" and isinstance(value, Mapping):
                found[key] = {name: part for name, part in value.items()
                              if name not in {"low", "high", "p90"}}  # fmt: skip
            else:
                found[key] = value
        return found


class EditorClient:
    """The port `Editors`."""

    __slots__ = ("_desk",)

    def __init__(self, desk: EditorDesk) -> None:
        """Work with this one."""
        self._desk = desk

    def proof(self, report: str, figures: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the proof of *report*."""
        return self._desk.proof(report, figures)
