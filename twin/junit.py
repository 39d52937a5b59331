"""What to say of a failed case, and JUnit XML of a suite, as CI systems read it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from twin.results import Check, write_atomic
from twin.suite import Result

__all__ = ["amounts", "lines", "write"]

DAY = 86_400

LONG = re.compile(r"\d{4,}")
"""A number that nobody reads without its digits in groups."""

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for, escaped or not."""


def lines(result: Result) -> list[str]:
    """Say what is wrong with *result*: limit, got, first time crossed, and how to see it again."""
    found = [result.error] if result.error else []
    found.extend(_check(check, result.start) for check in result.broken)
    found.extend(result.differences)
    if result.saved is not None:
        found.append(_saved(result, result.saved))
    if found:
        found.append(f"reproduce: {result.case.command}")
    return found


def _check(check: Check, start: int) -> str:
    when = "" if check.at is None else f"; first crossed {_moment(check.at, start)}"
    why = f" ({check.why})" if check.why else ""
    name = check.name if check.kind in check.name.split() else f"{check.kind} {check.name}"
    limit, got = amounts(check)
    return f"{name}: limit {limit}, got {got}{when}{why}"


def amounts(check: Check) -> tuple[str, str]:
    """Return limit and got of *check* as they are shown: a loss has its digits in groups."""
    limit, got = str(check.limit), str(check.got)
    if check.kind != "loss":
        return limit, got
    return LONG.sub(_grouped, limit), LONG.sub(_grouped, got)


def _grouped(number: re.Match[str]) -> str:
    return f"{int(number[0]):,}"


def _moment(at: int, start: int) -> str:
    """Say when unix second *at* is: from the *start* of the run, and in UTC."""
    days, rest = divmod(at - start, DAY)
    after = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    moment = datetime.fromtimestamp(at, UTC)
    return f"{days}d {after} after the start ({moment:%Y-%m-%d %H:%M:%S} UTC)"


def _saved(result: Result, saved: int) -> str:
    """Say what the procedures that were switched off would have done to the loss."""
    off, loss = result.case.without, result.loss or 0
    names = off[0] if len(off) == 1 else f"{', '.join(off[:-1])} and {off[-1]}"
    if saved <= 0:
        with_them = "as large" if saved == 0 else f"larger by {-saved:,}"
        return f"the loss was {loss:,} {result.unit}; with {names} it would have been {with_them}"
    return (
        f"the loss was {loss:,} {result.unit}; with {names} it would have been {loss - saved:,}: "
        f"the response would have saved {saved:,} {result.unit}"
    )


def _clean(text: str) -> str:
    return NO_XML.sub("\ufffd", text)


def write(path: Path, results: Sequence[Result]) -> None:
    """Write *results* to *path* as one test suite, a case each."""
    suite = ET.Element(
        "testsuite",
        name="twin",
        tests=str(len(results)),
        failures=str(sum(1 for item in results if not item.passed and not item.error)),
        errors=str(sum(1 for item in results if item.error)),
        time=f"{sum(item.seconds for item in results):.3f}",
    )
    for item in results:
        case = ET.SubElement(
            suite, "testcase", classname="scenarios", name=item.case.label,
            time=f"{item.seconds:.3f}",
        )  # fmt: skip
        if not item.passed:
            text = _clean("\n".join(lines(item)))
            kind = "error" if item.error else "failure"
            ET.SubElement(case, kind, message=text.splitlines()[0]).text = text
    ET.indent(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, ET.tostring(suite, encoding="utf-8", xml_declaration=True) + b"\n")
