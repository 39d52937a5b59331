"""`twin rules`: the alert rules, and the proof that each of them guards something."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.markup import escape

from twin.commands.run import ids
from twin.commands.screen import as_json, console, running, say, table
from twin.errors import UnknownName, UsageError
from twin.library import Library
from twin.monitoring.rules import Rule
from twin.proof.case import Case, cases, waiting
from twin.proof.gate import PASSING, Gate, RuleProof, gate
from twin.proof.play import Played, play

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Show the rules or, with --prove, hold them against their cases; 1 where those do not do."""
    library = Library(engine=arguments.engine)
    rules = library.parts.rules.rules
    if not arguments.prove:
        if arguments.update or arguments.case or arguments.only:
            raise UsageError("--update, --case and --only go with --prove")
        return _show(rules, as_document=arguments.json)
    chosen = _only(rules, ids(arguments.only))
    known = cases(arguments.cases)
    wanted = _chosen(known, ids(arguments.case))
    worlds = [case.scenario(library.vocabulary) for case in wanted]
    played = []
    with running(verb="playing") as tell:
        for case, world in zip(wanted, worlds, strict=True):
            tell(case.name, False)
            one = play(case, world, library.parts)
            played.append(_updated(one, as_document=arguments.json) if arguments.update else one)
            tell(case.name, True)
    whole = len(wanted) == len(known)
    with running(verb="proving") as tell:
        listed = waiting(arguments.cases) if whole and not arguments.only else {}
        found = gate(
            chosen if whole or arguments.only else (), played, _teller(tell), waiting=listed
        )
    return _told(found, played, whole=whole, as_document=arguments.json)


def _teller(tell: Any) -> Any:
    """Turn what tells of beginnings and ends into what tells of one thing after the other."""
    now: list[str] = []

    def next_(name: str) -> None:
        if now:
            tell(now.pop(), True)
        now.append(name)
        tell(name, False)

    return next_


def _only(rules: Sequence[Rule], names: Sequence[str]) -> list[Rule]:
    known = {rule.name: rule for rule in rules if rule.kind == "alert"}
    for name in names:
        if name not in known:
            raise UnknownName("alert rule", name, known)
    return [known[name] for name in names or known]


def _chosen(known: Sequence[Case], names: Sequence[str]) -> list[Case]:
    by_name = {case.name: case for case in known}
    for name in names:
        if name not in by_name:
            raise UnknownName("case", name, by_name)
    return [by_name[name] for name in names or by_name]


def _updated(one: Played, *, as_document: bool) -> Played:
    """Write what fired into the case's file, and say so where that changed it."""
    text = one.case.rewritten(one.episodes)
    if text != one.case.path.read_text("utf-8"):
        one.case.path.write_text(text, "utf-8")
        say(f"updated {one.case.path}: read what it states now", stderr=as_document)
    return replace(one, case=replace(one.case, fires=one.episodes))


def _show(rules: Sequence[Rule], *, as_document: bool) -> int:
    rows = [
        {"name": rule.name, "kind": rule.kind, "file": rule.file.rpartition("/")[2],
         "expr": " ".join(rule.expr.split()), "for": rule.hold,
         **{name: rule.labels.get(name, "") for name in ("severity", "owner", "domain")},
         **{name: rule.annotations.get(name, "") for name in ("detects", "procedure", "runbook")}}
        for rule in rules
    ]  # fmt: skip
    if as_document:
        as_json({"rules": rows})
        return 0
    columns = ("name", "severity", "domain", "procedure", "detects")
    cells = (tuple(escape(str(row[name])) for name in columns) for row in rows)
    console().print(table(f"{len(rows)} rules", columns, cells))
    return 0


def _told(found: Gate, played: Sequence[Played], *, whole: bool, as_document: bool) -> int:
    """Show the gate's findings; return the exit code. With some cases alone, only they count."""
    passed = found.passed if whole else not any(found.differences.values())
    if as_document:
        as_json({"passed": passed, **_plain(found, played)})
        return 0 if passed else 1
    console().print(table("rule x fault", ("name", *(one.case.name for one in played)),
                          [_row(proof, played) for proof in found.rules]))  # fmt: skip
    say("F fires and resolves, f fires to the end, . stays quiet, blank: it has no data there")
    for one in played:
        say(f"  {one.case.name}: {one.case.title} ({', '.join(one.case.kinds) or 'no fault'})")
    for name, wrong in found.differences.items():
        for line in wrong:
            say(f"FAILED {name}: {line}")
    if whole:
        _lacking(found)
    say(
        f"{len(found.held)} rules held, {len(found.waiting)} waiting, {found.count} mutants, {found.caught} caught: "
        f"mutation score {found.score:.3f} (at least {PASSING})"
    )
    say("passed" if passed else "FAILED")
    return 0 if passed else 1


def _row(proof: RuleProof, played: Sequence[Played]) -> tuple[str, ...]:
    def mark(case: str) -> str:
        if case in proof.resolves:
            return "F"
        return "f" if case in proof.fires else "." if case in proof.quiet else ""

    return (escape(proof.rule.name), *(mark(one.case.name) for one in played))


def _lacking(found: Gate) -> None:
    for name in found.overdue:
        say(f"FAILED {name} waits for no case any more: take it off the list")
    for proof in found.rules:
        name = proof.rule.name
        for kind in proof.lacks:
            if name in found.waiting:
                say(f"waits  {name} has no case yet: {kind} ({found.waiting[name]})")
            else:
                say(f"FAILED {name} has no case: {kind}")
        for mutant in proof.survivors:
            say(f"survived {name}: {mutant.kind} {mutant.change}")


def _plain(found: Gate, played: Sequence[Played]) -> dict[str, Any]:
    return {
        "mutants": found.count,
        "caught": found.caught,
        "mutation_score": round(found.score, 4),
        "passing_score": PASSING,
        "waiting": dict(found.waiting),
        "overdue": list(found.overdue),
        "cases": [
            {"name": one.case.name, "title": one.case.title, "faults": list(one.case.kinds),
             "differences": list(found.differences[one.case.name])}
            for one in played
        ],
        "rules": [
            {"name": proof.rule.name, "fires": list(proof.fires), "quiet": list(proof.quiet),
             "resolves": list(proof.resolves), "missing_data": proof.silence.does,
             "missing_data_right": proof.silence.right, "lacks": list(proof.lacks),
             "mutants": [
                 {"kind": item.mutant.kind, "change": item.mutant.change, "caught_by": item.caught}
                 for item in proof.mutants
             ]}
            for proof in found.rules
        ],
    }  # fmt: skip
