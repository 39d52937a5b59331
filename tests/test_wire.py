from __future__ import annotations

import math
from dataclasses import is_dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from paper_desk import NOW, alarm, log_of, report

from twin.desk import port, wire
from twin.desk.port import ChainStats, Entry, Evidence, Quote, Simulation
from twin.desk.steps import Act, Case, Decide, Finding, Look, Wait
from twin.errors import CrashError, DeskError, NoData, Reverted, TwinError, UnknownName, UsageError

VALUES: list[Any] = [
    None, True, 0, -(2**255), 2**256 - 1, 1.5, math.inf, "", "é", b"", b"\xff" * 32, (), (1, (b"a",)),
    [1, [2, ()]], {}, {"a": (1, 2), "b": {"c": b"\x01"}}, {"$a": 1}, {b"\x01": "x", 7: [b"y"]}, {1: 2},
    Quote(80, NOW), ChainStats(1, 2, 3, 4, 5, 6, 7, 8, -1), Simulation(False, 5, "no"), alarm(), report(1),
    log_of("Pool", "Swap", sender=b"\x01" * 20, amount=5), Entry("TKT-001", "ticket", 1, 2, "open", "amara", "x"),
    Evidence("ME4-00001", "ME4", NOW, "ok", "fine", {"gap": 1}, "0" * 64),
    Finding("finding", "bad", {"a": [1, (2,)]}, {"gap": 1}), Case("why", "alert", None, {"k": b"v"}),
    Act("pauser", "Pool", "pause", (1, b"\x01", "x"), "why"), Wait(60, "why"),
    Decide("operator", "q?", ("a", "b"), "a", {"why": 1}),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_crosses_comes_back_as_it_was(value: Any) -> None:
    found = wire.loads(wire.dumps(value))
    assert found == value
    assert type(found) is type(value)


def test_no_two_records_of_the_desk_share_a_name() -> None:
    found: dict[str, set[type]] = {}
    for item in iter_modules(port.__path__):
        for name, value in vars(import_module(f"{port.__name__}.{item.name}")).items():
            if isinstance(value, type) and is_dataclass(value):
                found.setdefault(name, set()).add(value)
    assert {name for name, kinds in found.items() if len(kinds) > 1} == set()


def test_plain_values_are_plain_json() -> None:
    assert wire.dumps({"a": [1, "x", None], "b": 2.5}) == b'{"a":[1,"x",null],"b":2.5}'
    assert wire.dumps(Quote(80, 5)) == b'{"$Quote":{"price":80,"at":5}}'


def test_a_question_crosses_without_its_function() -> None:
    found = wire.loads(wire.dumps(Look("how much?", len, ("x",))))
    assert (found.question, found.args, found.describe()) == (
        "how much?",
        (),
        "look: how much?",
    )
    with pytest.raises(CrashError, match="whoever drives"):
        found.query("x")


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, [object()], CrashError("x"), type])
def test_what_is_no_part_of_a_desk_does_not_cross(value: Any) -> None:
    with pytest.raises(CrashError, match="does not cross the wire"):
        wire.dumps(value)


@pytest.mark.parametrize("text", [b'{"$World": {}}', b'{"$os": {"x": 1}}'])
def test_a_record_that_the_desk_lacks_is_refused(text: bytes) -> None:
    with pytest.raises(UnknownName, match="record of the desk"):
        wire.loads(text)


ERRORS: list[TwinError] = [
    NoData("the index"), Reverted(b"\x01\x02", "Pool.swap: paused"), UnknownName("venue", "x", ["y", "z"]),
    DeskError("out"), UsageError("usage"), CrashError("broke"),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_raised_as_it_was(error: TwinError) -> None:
    found = wire.raised(wire.thrown(error))
    assert (type(found), str(found)) == (type(error), str(error))
    if isinstance(error, Reverted) and isinstance(found, Reverted):
        assert (found.data, found.reason) == (error.data, error.reason)
    if isinstance(error, UnknownName) and isinstance(found, UnknownName):
        assert (found.kind, found.name, found.valid) == (error.kind, error.name, error.valid)


def test_an_error_that_is_not_known_here_is_one_of_the_desk() -> None:
    found = wire.raised({"class": "os", "message": "strange"})
    assert (type(found), str(found)) == (DeskError, "strange")


def test_a_batch_may_hold_what_reverted() -> None:
    (found,) = wire.loads(wire.dumps([Reverted(b"\x01", "Panic(17)")]))
    assert (type(found), found.data, found.reason) == (Reverted, b"\x01", "Panic(17)")
