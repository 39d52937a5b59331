"""`twin arbitrate`: every judge that is here on a state test, as lock-step leaves one behind.

The engines that are built and EELS, where it is installed, each run the transaction on the
pre-state of the file. What the file itself expects counts as one more judge.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.markup import escape

from twin.chain import arbiter_eels as eels
from twin.chain.arbiter import Outcome, difference, judge, logs_hash, observe
from twin.chain.arbiter_case import Case
from twin.chain.arbiter_file import read
from twin.chain.codec import hex0x
from twin.chain.engines import available, make_engine
from twin.commands.screen import as_json, console, say
from twin.errors import FileProblems, JudgesDisagree, Problem, UsageError

__all__ = ["main"]

SPEC = "eels"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the judges made of one case; *verdict* says who is right, *wrong* is empty if all agree."""

    file: Path
    case: Case
    outcomes: Mapping[str, Outcome]
    verdict: str
    wrong: tuple[str, ...]
    note: str


def main(arguments: argparse.Namespace) -> int:
    """Judge every case of the files; 5 where judges disagree."""
    cases = _read(arguments.files)
    missing = eels.lacking()
    judges = (*available(), *(() if missing else (SPEC,)))
    if len(judges) < 2 and any(case.expected is None for _, case in cases):
        msg = (
            f"one judge ({judges[0]}) is none: build the fast engine, or install another. {missing}"
        )
        raise UsageError(msg)
    found = [_judged(file, case, judges) for file, case in cases]
    passed = not any(finding.wrong for finding in found)
    if arguments.json:
        as_json({"passed": passed, "judges": list(judges), "eels": eels.version() if SPEC in judges else None,
                 "cases": [_row(finding) for finding in found]})  # fmt: skip
    else:
        _show(found, judges)
    return 0 if passed else JudgesDisagree.exit_code


def _read(files: list[Path]) -> list[tuple[Path, Case]]:
    """Return every case of *files*; FileProblems with the mistakes of all of them."""
    cases: list[tuple[Path, Case]] = []
    problems: list[Problem] = []
    for file in files:
        try:
            cases += [(file, case) for case in read(file)]
        except FileProblems as wrong:
            problems += wrong.problems
    if problems:
        raise FileProblems(problems)
    return cases


def _judged(file: Path, case: Case, judges: tuple[str, ...]) -> Finding:
    """Return what *judges* make of *case*."""
    outcomes = {
        name: eels.rule(case.tx, env=case.env, alloc=case.alloc, root=True).outcome
        if name == SPEC
        else observe(
            make_engine(name, chain_id=case.env.chain_id), case.tx, env=case.env, alloc=case.alloc
        )
        for name in judges
    }
    wrong = list(_disputed(outcomes))
    verdict = "all agree"
    if wrong:
        engines = {name: outcome for name, outcome in outcomes.items() if name != SPEC}
        verdict = (
            judge(outcomes[SPEC], engines).words()
            if SPEC in outcomes
            else f"{wrong[0]} (who is right is not known. {eels.lacking()})"
        )
    wrong += _unexpected(case, outcomes)
    if wrong and verdict == "all agree":
        verdict = wrong[0]
    return Finding(file, case, outcomes, verdict, tuple(wrong), _note(case, outcomes))


def _disputed(outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return in what the later judges differ from the first."""
    first, *rest = outcomes
    told = (difference(outcomes[first], outcomes[name], (first, name)) for name in rest)
    return [words for words in told if words]


def _unexpected(case: Case, outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return in what judges differ from what the file expects, where it expects something."""
    expected = case.expected
    if expected is None:
        return []
    found = []
    for name, outcome in outcomes.items():
        if bool(outcome.refused) != bool(expected.refused):
            wants = expected.refused or "no refusal"
            found.append(f"the file expects {wants}, {name} says {outcome.words()}")
        elif logs_hash(outcome.logs) != expected.logs:
            logs = hex0x(logs_hash(outcome.logs))
            found.append(f"the file expects logs {hex0x(expected.logs)}, {name} gives {logs}")
        elif outcome.root != expected.root:
            roots = f"{hex0x(expected.root)}, {name} gives {hex0x(outcome.root)}"
            found.append(f"the file expects the state root {roots}")
    return found


def _note(case: Case, outcomes: Mapping[str, Outcome]) -> str:
    """Say so where an engine said something else when the file was written."""
    other = [
        name
        for name, outcome in outcomes.items()
        if case.observed.get(name, _bare(outcome)) != _bare(outcome)
    ]
    if not other:
        return ""
    return (
        f"{' and '.join(other)} said something else when the file was written: either that is "
        "mended, or it came from something before the transaction"
    )


def _bare(outcome: Outcome) -> str:
    """Return *outcome* in words without its root, which lock-step does not ask for."""
    return replace(outcome, root=b"").words()


def _row(finding: Finding) -> dict[str, Any]:
    """Return *finding* for a program."""
    expected = finding.case.expected
    return {
        "file": str(finding.file),
        "name": finding.case.name,
        "passed": not finding.wrong,
        "verdict": finding.verdict,
        "differences": list(finding.wrong),
        "note": finding.note,
        "expected": None
        if expected is None
        else {
            "root": hex0x(expected.root),
            "logs_hash": hex0x(expected.logs),
            "refused": expected.refused,
        },
        "outcomes": {name: _plain(outcome) for name, outcome in finding.outcomes.items()},
        "observed": dict(finding.case.observed),
    }


def _plain(outcome: Outcome) -> dict[str, Any]:
    """Return *outcome* as JSON holds it."""
    return {
        "refused": outcome.refused,
        "success": outcome.success,
        "gas_used": outcome.gas_used,
        "output": hex0x(outcome.output),
        "created": None if outcome.created is None else hex0x(outcome.created),
        "logs": [
            {"address": hex0x(log.address), "topics": [hex0x(topic) for topic in log.topics],
             "data": hex0x(log.data)}
            for log in outcome.logs
        ],
        "logs_hash": hex0x(logs_hash(outcome.logs)),
        "root": hex0x(outcome.root),
        "state": outcome.state(),
    }  # fmt: skip


def _show(found: list[Finding], judges: tuple[str, ...]) -> None:
    """Print a line a case, and what each judge says where they differ."""
    screen = console()
    for finding in found:
        mark = "[red]DIFFER[/]" if finding.wrong else "[green]agree[/]"
        name = escape(finding.case.name)
        screen.print(f"{mark} {name}: {escape(finding.verdict)}", soft_wrap=True)
        if finding.wrong:
            for judge_name, outcome in finding.outcomes.items():
                say(f"  {judge_name}: {outcome.words()}")
        if finding.note:
            say(f"  {finding.note}")
    differ = sum(bool(finding.wrong) for finding in found)
    told = f"judges: {', '.join(judges)} {eels.version() if SPEC in judges else ''}".rstrip()
    say(f"{len(found) - differ} agree, {differ} differ; {told}")
    if SPEC not in judges:
        say(eels.lacking())
