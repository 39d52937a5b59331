from __future__ import annotations

import inspect
import pickle

import pytest

from twin import errors
from twin.clock import Clock, Process
from twin.errors import (
    CrashError,
    FileProblems,
    IncidentEnded,
    InvalidTransaction,
    NoData,
    NotAuthorised,
    Problem,
    Reverted,
    SealBroken,
    TwinError,
    UnknownBlock,
    UnknownName,
    nearest,
)

EXIT_CODES = {
    "UsageError": 2, "UnknownName": 2, "FileProblems": 2, "ThresholdFailed": 1, "CrashError": 3,
    "ChainError": 3, "InvalidTransaction": 3, "Reverted": 3, "UnknownBlock": 3, "DeskError": 3,
    "IncidentEnded": 3, "NotAuthorised": 3, "NoData": 3, "SealBroken": 3, "NotDeterministic": 4, "JudgesDisagree": 5,
    "Interrupted": 130, "TwinError": 3,
}  # fmt: skip


def classes() -> dict[str, type[TwinError]]:
    return {
        name: item
        for name, item in vars(errors).items()
        if inspect.isclass(item) and issubclass(item, TwinError)
    }


def test_every_error_has_its_exit_code() -> None:
    assert {name: item.exit_code for name, item in classes().items()} == EXIT_CODES


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        mark = max(line.find("├── "), line.find("└── "))
        if mark < 0 and line.strip() != "TwinError":
            continue
        depth = 0 if mark < 0 else (mark - 4) // 4 + 1
        name = line.replace("├── ", "    ").replace("└── ", "    ").replace("│", " ").split()[0]
        above = [*above[:depth], name]
        if depth:
            drawn[name] = above[depth - 1]
    real = {name: item.__base__.__name__ for name, item in classes().items() if name != "TwinError"}  # type: ignore[union-attr]
    assert drawn == real


def test_all_names_are_public() -> None:
    assert {*classes(), "Problem", "nearest"} == set(errors.__all__)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (UnknownName("venue", "meridan", ["meridian", "orbit"]),
         "no venue is called 'meridan'; did you mean 'meridian'?"),
        (UnknownName("venue", "x", ["orbit", "meridian"]),
         "no venue is called 'x'; known: meridian, orbit"),
        (UnknownName("venue", "x", []), "no venue is called 'x'; known: none"),
        (InvalidTransaction("nonce too low"), "transaction refused: nonce too low"),
        (Reverted(b"\x12\x34"), "reverted: 0x1234"),
        (Reverted(b"\x12", "TooSoon(0)"), "reverted: TooSoon(0)"),
        (UnknownBlock(9, "the head is 4"), "no block 9: the head is 4"),
        (IncidentEnded("INC-003", "closed"),
         "INC-003 is closed; an ended incident is not changed"),
        (NotAuthorised("amara", "pause", "the pauser"), "amara may not pause: it needs the pauser"),
        (NoData("the index"), "no data: the index"),
        (SealBroken("agent.random", "use a stream"), "agent.random is sealed: use a stream"),
    ],
)  # fmt: skip
def test_a_class_owns_its_message(error: TwinError, message: str) -> None:
    assert str(error) == message


@pytest.mark.parametrize(
    "error",
    [
        UnknownName("venue", "meridan", iter(["orbit", "meridian"])),
        IncidentEnded("INC-003", "closed"),
        NotAuthorised("amara", "pause", "the pauser"),
        Reverted(b"\x12\x34"),
        NoData("the index"),
        InvalidTransaction("nonce too low"),
        FileProblems([Problem("a.yaml", 9, 30, "NaN is no number")]),
        CrashError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_leaves_a_process_as_it_was_raised(error: TwinError) -> None:
    def fail() -> Process:
        yield clock.after(1)
        raise error

    clock = Clock(0)
    clock.spawn(fail())
    with pytest.raises(type(error)) as raised:
        clock.run(5)
    assert str(raised.value) == str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own


def test_the_parts_of_a_message_are_kept() -> None:
    unknown = UnknownName("venue", "x", {"b", "a"})
    assert (unknown.kind, unknown.name, unknown.valid) == ("venue", "x", ["a", "b"])
    assert InvalidTransaction("nonce").reason == "nonce"
    reverted = Reverted(b"\x01", "why")
    assert (reverted.data, reverted.reason) == (b"\x01", "why")


def test_file_problems_stand_in_the_order_of_the_file() -> None:
    late = Problem("a.yaml", 10, 2, "no such rule", "did you mean 'High'?")
    early = Problem("a.yaml", 9, 30, "NaN is no number")
    found = FileProblems([late, early])
    assert found.problems == (early, late)
    assert str(found).splitlines() == [
        "a.yaml:9:30: NaN is no number",
        "a.yaml:10:2: no such rule (did you mean 'High'?)",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("pausr", "pauser"), ("PAUSER", "pauser"), ("unpause", "unpauser"), ("zzz", None), ("", None)],
)
def test_the_nearest_name_is_near_or_none(name: str, expected: str | None) -> None:
    assert nearest(name, ["pauser", "unpauser", "fee_steward"]) == expected
