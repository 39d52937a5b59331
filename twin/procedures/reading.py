"""What several procedures do with the desk's answers before they judge them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Call, Desk, View
from twin.errors import Reverted

__all__ = ["fresh_sources", "read_all"]


def read_all(view: View, calls: Sequence[Call]) -> list[Any]:
    """Read *calls* as one multicall, answers in order; raise the first that is a `Reverted`.

    A procedure that needs every answer has found nothing where one is missing.
    """
    answers = view.batch(calls)
    for answer in answers:
        if isinstance(answer, Reverted):
            raise answer
    return answers


def fresh_sources(desk: Desk, commodity: str, *, max_age: int) -> list[str]:
    """Return the data vendors that the signed reports of the last *max_age* seconds name.

    A node that has fallen silent leaves its last report on the board: it speaks for no source.
    """
    return sorted(
        {
            report.source
            for report in desk.feeds.reports(commodity)
            if desk.now - report.observed_at <= max_age
        }
    )
