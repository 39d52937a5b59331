"""`twin change`: a change before its vote, and the proof that the gates of changes catch something."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape

from twin.bundled import folder
from twin.commands.run import ids
from twin.commands.screen import as_json, console, running, say, table
from twin.desk.sender import arguments as typed
from twin.errors import UnknownName, UsageError
from twin.library import Library, find
from twin.procedures.change.gates import GATES
from twin.proof.changes import NONE, Caught, Row, prove, rows
from twin.protocol.artifacts import Artifacts
from twin.protocol.contract import Contract
from twin.scenario.change import load_change
from twin.scenario.parsing import seconds
from twin.study.change import Effect, Gated, Study, gated, study

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Try the change out, or prove the gates; 0 for GO and a whole matrix, 1 for anything less."""
    if arguments.encode is not None:
        return _encode(arguments.encode, as_document=arguments.json)
    if arguments.prove:
        return _prove(arguments)
    if arguments.row:
        raise UsageError("--row goes with --prove")
    if arguments.change is None:
        raise UsageError("name a change file, or --prove, or --encode CALL")
    return _study(arguments)


def _encode(text: str, *, as_document: bool) -> int:
    """Print the calldata of `CONTRACT.FUNCTION [ARGUMENTS]`."""
    name, _, given = text.strip().partition(" ")
    contract, _, function = name.partition(".")
    artifacts = Artifacts(folder("contracts_abi"))
    if contract not in artifacts:
        raise UnknownName("contract", contract, list(artifacts))
    try:
        args = json.loads(given or "[]")
    except json.JSONDecodeError as error:
        raise UsageError(f"--encode: {given!r} is no JSON list of arguments: {error.msg}") from None
    if not isinstance(args, list):
        raise UsageError(f"--encode: {given!r} is no JSON list of arguments")
    data = Contract(contract, bytes(20), artifacts[contract]).encode(function, *typed(args))
    if as_document:
        as_json({"passed": True, "call": name, "args": args, "data": f"0x{data.hex()}"})
    else:
        say(f"0x{data.hex()}")
    return 0


def _study(arguments: argparse.Namespace) -> int:
    if arguments.seeds < 0:
        raise UsageError(f"--seeds {arguments.seeds}: 0 or more pairs of runs")
    change, text = load_change(arguments.change)
    try:
        at = seconds(arguments.at)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from None
    library = Library(agents=arguments.agents, engine=arguments.engine)
    parts = library.parts_without(ids(arguments.without))
    paths = find([arguments.scenario])
    scenario = library.load(paths[0])
    if arguments.seeds == 0:
        gates = gated(change, scenario, parts, at=at)
        passed = not gates.wrong
        reasons = tuple(f"{gate}: {one}" for gate, found in gates.wrong.items() for one in found)
        told = Study(gates, (), (), "GATES PASSED" if passed else "NO-GO", reasons)
    else:
        chosen = tuple(scenario.seed + number for number in range(arguments.seeds))
        with running() as tell:
            told = study(change, scenario, parts, at=at, seeds=chosen, tell=tell)
        passed = told.verdict == "GO"
    if arguments.plot:
        from twin.report.change_plot import draw_effects  # matplotlib: nothing before needs it

        draw_effects(
            [(one.name, one.expr, one.without, one.with_, one.verdict) for one in told.effects],
            arguments.plot, title=f"{change.title}: {told.verdict}",
        )  # fmt: skip
    if arguments.json:
        as_json({"passed": passed, "change": change.id, "scenario": scenario.name, **_plain(told)})
    else:
        _show(told, arguments.change)
    del text
    return 0 if passed else 1


def _show(told: Study, path: Path) -> None:
    facts = told.gates.facts
    say(f"{path}: payload {facts['payload'][:16]}, delay {told.gates.delay} s, gas {facts['gas']}")
    for name, (before, after) in facts["diff"].items():
        say(f"  {name}: {before} -> {after}")
    for gate in (
        "decode",
        "authority",
        "conflict",
        "run",
        "diff",
        "invariants",
        "smoke",
        "rollback",
    ):
        found = told.gates.wrong.get(gate, [])
        state = "FAILED" if found else "passed" if gate in _asked(told.gates) else "not asked"
        say(f"  {gate:<11} {state}{'  ' + found[0] if found else ''}")
    if "smoke" in facts:
        say(f"  smoke: {facts['smoke']['rows']} rows, {facts['smoke']['users']} of them users'; "
            f"way back: {facts['rollback']['seconds']} s, loses {facts['rollback']['loses']}")  # fmt: skip
    if told.effects:
        columns = ("name", "without", "with", "difference", "95 % interval", "verdict")
        cells = [tuple(escape(cell) for cell in _cells(one)) for one in told.effects]
        console().print(table(f"{len(told.seeds)} pairs of runs", columns, cells))
    for reason in told.reasons:
        say(f"  {reason}")
    say(told.verdict)


def _asked(gates: Gated) -> set[str]:
    """Return the gates that were asked: what reverts on the copy has no further ones."""
    asked = {"decode", "authority", "conflict", "run", "diff"}
    return asked | ({"invariants", "smoke", "rollback"} if "smoke" in gates.facts else set())


def _cells(one: Effect) -> tuple[str, ...]:
    if one.paired is None:
        return (f"{one.name}: {one.expr}", "", "", "", "no data", one.verdict)
    found = one.paired
    span = "none" if found.low is None else f"{found.low:.4g} to {found.high:.4g}"
    return (f"{one.name}: {one.expr}", f"{found.without:.6g}", f"{found.with_:.6g}",
            f"{found.difference:+.4g}", span, one.verdict)  # fmt: skip


def _plain(told: Study) -> dict[str, Any]:
    facts = told.gates.facts
    return {
        "verdict": told.verdict,
        "reasons": list(told.reasons),
        "gates": {
            "at": told.gates.at, "delay": told.gates.delay, "payload": facts["payload"],
            "diff": facts["diff"], "gas": facts["gas"], "wrong": dict(told.gates.wrong),
            "smoke": facts.get("smoke"), "rollback": facts.get("rollback"),
        },
        "seeds": list(told.seeds),
        "effects": [
            {"name": one.name, "expr": one.expr, "kind": one.kind, "min": one.low, "max": one.high,
             "without": list(one.without), "with": list(one.with_), "verdict": one.verdict,
             "difference": one.paired.difference if one.paired else None,
             "interval": [one.paired.low, one.paired.high] if one.paired else None}
            for one in told.effects
        ],
    }  # fmt: skip


def _prove(arguments: argparse.Namespace) -> int:
    if arguments.change is not None:
        raise UsageError("--prove plays the rows that are shipped, and takes no change file")
    library = Library(agents=arguments.agents, engine=arguments.engine)
    chosen = _chosen(rows(), ids(arguments.row))
    with running(verb="playing") as tell:
        found = prove(
            chosen, library.parts_without(ids(arguments.without)), library.vocabulary, tell=tell
        )
    passed = all(one.passed for one in found)
    if arguments.json:
        as_json({"passed": passed, "gates": list(GATES), "rows": [_row(one) for one in found]})
        return 0 if passed else 1
    console().print(
        table("seeded fault x gate", ("name", "caught by", "also", "why"), map(_line, found))
    )
    for one in found:
        if not one.passed:
            say(f"FAILED {one.row.name}: caught by {one.first}, it must be {one.row.caught_by}")
    good = sum(1 for one in found if one.passed)
    say(f"{good} of {len(found)} rows as they must be: {'passed' if passed else 'FAILED'}")
    return 0 if passed else 1


def _chosen(known: Sequence[Row], names: Sequence[str]) -> list[Row]:
    by_name = {row.name: row for row in known}
    for name in names:
        if name not in by_name:
            raise UnknownName("row of the catch matrix", name, by_name)
    return [by_name[name] for name in names or by_name]


def _line(one: Caught) -> tuple[str, ...]:
    first = one.first if one.first == NONE else f"{one.first} ({one.procedure})"
    also = ", ".join(gate for gate in one.gates if gate != one.first)
    return tuple(escape(cell) for cell in (one.row.name, first, also, one.reason or one.state))


def _row(one: Caught) -> dict[str, Any]:
    return {"name": one.row.name, "title": one.row.title, "caught_by": one.first,
            "must_be": one.row.caught_by, "procedure": one.procedure, "gates": list(one.gates),
            "reason": one.reason, "state": one.state, "passed": one.passed}  # fmt: skip
