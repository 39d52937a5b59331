"""JUnit XML of a suite, as CI systems read it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from twin.suite import Result

__all__ = ["lines", "write"]


def lines(result: Result) -> list[str]:
    """Say what is wrong with *result*: limit, got, first time crossed, and how to see it again."""
    found = [result.error] if result.error else []
    for check in result.broken:
        when = "" if check.at is None else f", first crossed at {check.at - result.start} s"
        why = f" ({check.why})" if check.why else ""
        found.append(f"{check.kind} {check.name}: limit {check.limit}, got {check.got}{when}{why}")
    found.extend(result.differences)
    if result.saved is not None:
        off = ",".join(result.case.without)
        found.append(
            f"loss {result.loss} {result.unit}; {off} would have saved {result.saved} {result.unit}"
        )
    if found:
        found.append(f"reproduce: {result.case.command}")
    return found


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
            text = "\n".join(lines(item))
            kind = "error" if item.error else "failure"
            ET.SubElement(case, kind, message=text.splitlines()[0]).text = text
    tree = ET.ElementTree(suite)
    ET.indent(tree)
    path.parent.mkdir(parents=True, exist_ok=True)
    tree.write(path, encoding="utf-8", xml_declaration=True)
