"""The other judge: a run's series as a test file of Prometheus' own `promtool`.

Everything that was scraped goes in, rebased to second 0 (`*_timestamp_seconds` values too), and at
every evaluation promtool must give what the run's rules gave: each `ALERTS` sample, so each
transition of each alert, and each sample of a recording rule. promtool comes with Prometheus
(Debian package `prometheus`); rules stay inside what its version 2.42 accepts.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import JudgesDisagree, UsageError
from twin.monitoring.labels import NAME
from twin.monitoring.rules import Group, Rule, RuleSet
from twin.monitoring.series import Series, SeriesStore, is_stale

__all__ = ["Agreement", "find_promtool", "judge", "rule_file", "test_file", "write_judgement"]

_OWN = "ALERTS"
_STAMP = "_timestamp_seconds"
_SHOWN = 5
"""Disagreements that the message quotes; the files with all of them are named."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What promtool confirmed: *evaluations*, alert *transitions* and *samples* of the rules."""

    evaluations: int
    transitions: int
    samples: int


def find_promtool() -> str:
    """Return the path of promtool; raises UsageError saying where it comes from."""
    found = shutil.which("promtool")
    if found is None:
        raise UsageError(
            "promtool is not on this machine: install Prometheus (Debian: apt install prometheus), "
            "or leave out --judge"
        )
    return found


def judge(
    store: SeriesStore, rules: RuleSet, folder: Path, *, start: int, interval: int
) -> Agreement:
    """Let promtool evaluate *rules* over what *store* scraped every *interval* s from *start* on.

    Its input is left in *folder* (rules.json, promtool.json). Raises JudgesDisagree, with the
    first differences, unless it gives exactly the samples that the run has.
    """
    tool = find_promtool()
    tests, agreement = write_judgement(store, rules, folder, start=start, interval=interval)
    done = subprocess.run(  # noqa: S603 - our own files
        [tool, "test", "rules", str(tests)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise JudgesDisagree(_difference(done.stdout + done.stderr, tests))
    return agreement


def write_judgement(
    store: SeriesStore, rules: RuleSet, folder: Path, *, start: int, interval: int
) -> tuple[Path, Agreement]:
    """Write promtool's input into *folder*; return the test file and what it will confirm."""
    folder.mkdir(parents=True, exist_ok=True)
    document, agreement = test_file(store, rules, start=start, interval=interval)
    tests, rule_path = folder / "promtool.json", folder / "rules.json"
    rule_path.write_text(json.dumps(rule_file(rules), indent=1), "utf-8")
    document["rule_files"] = [rule_path.name]
    tests.write_text(json.dumps(document), "utf-8")
    return tests, agreement


def _difference(output: str, tests: Path) -> str:
    """Say where promtool differs; what it says of files it could not read comes as it is."""
    blocks = re.findall(r"time: ([^,]+),\s*exp:(.*?)\n\s*got:(.*?)\n", output)
    if not blocks:
        return f"promtool could not judge {tests}:\n{output.strip()[-2000:]}"
    shown = "\n".join(
        f"  after {time}: the run has {ours.strip()}; promtool has {theirs.strip()}"
        for time, ours, theirs in blocks[:_SHOWN]
    )
    more = "" if len(blocks) <= _SHOWN else f"\n  and {len(blocks) - _SHOWN} more"
    return (
        f"the run's rules and promtool differ at {len(blocks)} evaluations:\n{shown}{more}\n"
        f"  see it again: promtool test rules {tests}"
    )


def rule_file(rules: RuleSet) -> dict[str, Any]:
    """Return *rules* as a Prometheus rule file; groups come in their order."""
    return {
        "groups": [
            {"name": name, "rules": [_rule(rule) for rule in group.rules]}
            | ({"interval": f"{group.interval}s"} if group.interval else {})
            for name, group in _named(rules.groups)
        ]
    }


def _named(groups: Sequence[Group]) -> list[tuple[str, Group]]:
    """Give groups names of their own: two files may call theirs the same."""
    return [(f"{place:02}-{group.name}", group) for place, group in enumerate(groups)]


def _rule(rule: Rule) -> dict[str, Any]:
    made: dict[str, Any] = {rule.kind: rule.name, "expr": rule.expr, "labels": dict(rule.labels)}
    if rule.kind == "alert":
        made |= {"for": f"{rule.hold}s", "keep_firing_for": f"{rule.keep_firing}s"}
    return made


def test_file(
    store: SeriesStore, rules: RuleSet, *, start: int, interval: int
) -> tuple[dict[str, Any], Agreement]:
    """Return the test file of a run, and what it will confirm.

    Raises UsageError where samples do not lie on the grid of scrapes, or nothing was scraped.
    """
    records = sorted(rule.name for rule in rules.rules if rule.kind == "record")
    made = {_OWN, *records}
    scraped = [series for series in store if series.name not in made and len(series)]
    if not scraped:
        raise UsageError("there is nothing to judge: the run scraped no sample")
    steps = max((series.last_time - start) // interval for series in scraped) + 1
    outputs = [series for series in store if series.name in made and len(series)]
    at = _by_step(outputs, start=start, interval=interval)
    names = "|".join(sorted(made))
    expression = f'{{{NAME}=~"{names}"}}'
    document = {
        "evaluation_interval": f"{interval}s",
        "group_eval_order": [name for name, _ in _named(rules.groups)],
        "tests": [
            {
                "interval": f"{interval}s",
                "input_series": [
                    {
                        "series": _selector(series),
                        "values": _values(series, start=start, interval=interval),
                    }
                    for series in scraped
                ],
                "promql_expr_test": [
                    {
                        "expr": expression,
                        "eval_time": f"{step * interval}s",
                        "exp_samples": at.get(step, []),
                    }
                    for step in range(steps)
                ],
            }
        ],
    }
    transitions = sum(_transitions(series) for series in outputs if series.name == _OWN)
    samples = sum(len(found) for found in at.values())
    return document, Agreement(steps, transitions, samples)


def _transitions(series: Series) -> int:
    """Count how often an `ALERTS` series began."""
    begun, before = 0, True
    for value in series.values:
        stale = is_stale(value)
        begun += int(before and not stale)
        before = stale
    return begun


def _by_step(
    outputs: Iterable[Series], *, start: int, interval: int
) -> Mapping[int, list[dict[str, Any]]]:
    """Return what the rules gave, by the number of the evaluation."""
    found: dict[int, list[dict[str, Any]]] = {}
    for series in outputs:
        label, shift = _selector(series), _shift(series, start)
        for time, value in zip(series.times, series.values, strict=True):
            if not is_stale(value):
                step = _step(series, time, start=start, interval=interval)
                found.setdefault(step, []).append({"labels": label, "value": value - shift})
    return found


def _step(series: Series, time: int, *, start: int, interval: int) -> int:
    step, off = divmod(time - start, interval)
    if off or step < 0:
        raise UsageError(
            f"a sample of {series.name} at unix second {time} lies between two scrapes: promtool "
            "judges runs that scrape and evaluate at one interval"
        )
    return step


def _values(series: Series, *, start: int, interval: int) -> str:
    """Return the samples in the notation of promtool, equal ones in a row as one item."""
    items: list[tuple[str, int]] = []
    shift, step = _shift(series, start), 0
    for time, value in zip(series.times, series.values, strict=True):
        here = _step(series, time, start=start, interval=interval)
        if here > step:
            items.append(("_", here - step))
        text = "stale" if is_stale(value) else _number(value - shift)
        if items and items[-1][0] == text and text != "stale":
            items[-1] = (text, items[-1][1] + 1)
        else:
            items.append((text, 1))
        step = here + 1
    return " ".join(_item(text, count) for text, count in items)


def _item(text: str, count: int) -> str:
    if count == 1:
        return text
    return f"_x{count}" if text == "_" else f"{text}+0x{count - 1}"


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 - NaN test
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "Inf" if value > 0 else "-Inf"
    return repr(value)


def _shift(series: Series, start: int) -> int:
    """What is taken off a value that is itself a unix second."""
    return start if series.name.endswith(_STAMP) else 0


def _selector(series: Series) -> str:
    inner = ",".join(
        f"{name}={json.dumps(text)}" for name, text in series.labels.items() if name != NAME
    )
    return f"{series.name}{{{inner}}}"
