from __future__ import annotations

import hashlib
import inspect
from enum import IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from coders_lab import no_crate
from hypothesis import example, given
from hypothesis import strategies as st

from twin import events
from twin.crate import native
from twin.errors import CrashError
from twin.events import (
    AlertChanged,
    ContractLogged,
    Event,
    EventLog,
    FaultChanged,
    Paged,
    RunEnded,
    RunStarted,
    read_events,
)

NOW = 1_700_000_000
STARTED = RunStarted(scenario="quiet", seed=1, start=NOW, end=NOW + 60)


def kinds() -> list[type[Event]]:
    return [
        item
        for item in vars(events).values()
        if inspect.isclass(item) and issubclass(item, Event) and item is not Event
    ]


def logged(**args: object) -> ContractLogged:
    return ContractLogged(block=1, contract="Pool", event="Swapped", args=args)


def test_a_line_is_canonical_json() -> None:
    log, lines = EventLog(), []
    log.listen(lambda now, event: lines.append((now, event.kind)))
    log.emit(NOW, logged(tokenIn=b"\x00\xff", amounts=(1, 2), deep={"b": None, "a": True}, who="é"))
    expected = (
        '{"args":{"amounts":[1,2],"deep":{"a":true,"b":null},"tokenIn":"0x00ff","who":"é"},"block":1,'
        f'"contract":"Pool","event":"Swapped","kind":"log","n":0,"t":{NOW}}}\n'
    )
    assert log.digest() == hashlib.sha256(expected.encode()).hexdigest()
    assert lines == [(NOW, "log")]


def test_the_digest_can_be_recomputed_from_the_file_alone(tmp_path: Path) -> None:
    path, memory = tmp_path / "events.jsonl", EventLog()
    log = EventLog(path)
    for one in (log, memory):
        one.emit(NOW, STARTED)
        one.emit(NOW + 9, RunEnded(state_root=b"\x07" * 32, head=3, partial=False))
    log.close()
    assert log.digest() == memory.digest() == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [(item["n"], item["t"], item["kind"]) for item in read_events(path)] == [
        (0, NOW, "run-started"),
        (1, NOW + 9, "run-ended"),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        [STARTED, Paged(person="a", subject="y")],
        [Paged(person="a", subject="x"), STARTED],
        [STARTED],
        [STARTED, Paged(person="a", subject="x"), Paged(person="a", subject="x")],
    ],
    ids=["altered", "reordered", "dropped", "added"],
)
def test_any_change_changes_the_digest(changed: list[Event]) -> None:
    digests = []
    for run in ([STARTED, Paged(person="a", subject="x")], changed):
        log = EventLog()
        for event in run:
            log.emit(NOW, event)
        digests.append(log.digest())
    assert digests[0] != digests[1]


def test_the_second_of_an_event_is_in_the_digest() -> None:
    one, other = EventLog(), EventLog()
    one.emit(NOW, STARTED)
    other.emit(NOW + 1, STARTED)
    assert one.digest() != other.digest()


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        float("nan"),
        [1, [2.0]],
        {"x": 1e9},
        np.int64(3),
        {1, 2},
        pytest.param(object(), id="object"),
        bytearray(b"x"),
    ],
    ids=repr,
)
def test_what_has_no_one_text_is_refused(value: Any) -> None:
    log = EventLog()
    with pytest.raises(CrashError, match="only integers, text, bytes"):
        log.emit(NOW, logged(amount=value))
    assert log.count == 0
    assert log.digest() == hashlib.sha256().hexdigest()


class Shade(IntEnum):
    DARK = 3


class Word(StrEnum):
    ODD = 'q"\\\n\x00é€'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Shade.DARK, "3"),
        (Word.ODD, '"q\\"\\\\\\n\\u0000é€"'),
        (MappingProxyType({"b": 1, "a": -(2**300)}), f'{{"a":{-(2**300)},"b":1}}'),
        ({10: 1, 9: 2, True: 3}, '{"10":1,"9":2,"True":3}'),
        ([True, 1, 0, False, None], "[true,1,0,false,null]"),
        ((), "[]"),
        ({}, "{}"),
        ("100%(n)s", '"100%(n)s"'),
        (b"", '"0x"'),
    ],
)
def test_a_value_has_one_text(tmp_path: Path, value: Any, text: str) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.emit(NOW, logged(x=value))
    log.close()
    line = (tmp_path / "events.jsonl").read_bytes().decode()
    assert line == (
        f'{{"args":{{"x":{text}}},"block":1,"contract":"Pool","event":"Swapped","kind":"log",'
        f'"n":0,"t":{NOW}}}\n'
    )


_scalars = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner)
    | st.dictionaries(st.integers() | st.booleans(), inner).map(MappingProxyType),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.skipif(native("Line") is None, reason="the Rust crate is not built")
@given(value=_values)
@example(value=[[[[]]]] * 3)
@example(value='\x00\x1f\x7f"\\\b\f\n\r\t\u2028')
def test_the_crate_writes_the_line_that_python_writes(value: Any) -> None:
    def digest() -> str:
        log = EventLog()
        log.emit(NOW, logged(x=value))
        return log.digest()

    fast = digest()
    with no_crate():
        assert digest() == fast


def test_what_nests_too_deep_for_the_crate_is_pythons_to_word(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    log = EventLog(tmp_path / "events.jsonl")
    log.emit(NOW, logged(x=deep))
    log.close()
    assert "[" * 201 + "]" * 201 in (tmp_path / "events.jsonl").read_text("utf-8")


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    for number in range(3):
        log.emit(NOW + number, Paged(person="a", subject="x"))
    log.close()
    path.write_bytes(path.read_bytes()[:-5])
    assert [item["n"] for item in read_events(path)] == [0, 1]


def test_flush_puts_what_happened_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.emit(NOW, STARTED)
    assert list(read_events(path)) == []
    log.flush()
    assert len(list(read_events(path))) == 1
    log.close()
    log.close()


@pytest.mark.parametrize("on_disk", [True, False])
def test_nothing_happens_after_the_log_is_closed(tmp_path: Path, *, on_disk: bool) -> None:
    log = EventLog(tmp_path / "events.jsonl" if on_disk else None)
    log.emit(NOW, STARTED)
    before = log.digest()
    log.close()
    log.flush()
    with pytest.raises(CrashError, match="page happened after the log was closed"):
        log.emit(NOW, Paged(person="a", subject="x"))
    assert log.digest() == before


def test_listeners_hear_in_order_after_the_line_is_written() -> None:
    log, heard = EventLog(), list[tuple[Any, ...]]()
    log.listen(lambda now, event: heard.append(("one", now, event, log.count)))
    log.listen(lambda _now, event: heard.append(("two", event.kind)))
    log.emit(NOW, STARTED)
    assert heard == [("one", NOW, STARTED, 1), ("two", "run-started")]


def test_every_kind_has_its_own_name_and_is_public() -> None:
    names = [kind.kind for kind in kinds()]
    assert len(set(names)) == len(names) > 15
    assert {kind.__name__ for kind in kinds()} <= set(events.__all__)


def test_no_field_hides_what_the_log_adds() -> None:
    assert not [kind for kind in kinds() if {"kind", "t", "n"} & set(kind.__slots__)]


def test_faults_alone_are_sealed() -> None:
    assert [kind for kind in kinds() if kind.sealed] == [FaultChanged]


def test_keys_of_a_mapping_are_sorted() -> None:
    digests = []
    for labels in ({"b": "2", "a": "1"}, {"a": "1", "b": "2"}):
        log = EventLog()
        log.emit(NOW, AlertChanged(rule="High", labels=labels, state="firing", severity="P1"))
        digests.append(log.digest())
    assert digests[0] == digests[1]
