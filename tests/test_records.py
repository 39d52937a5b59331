from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twin.desk.records import GENESIS, Records, canonical, verify
from twin.desk.steps import Finding
from twin.errors import CrashError, UnknownName

NOW = 1_700_000_000
Lines = list[str]


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    """Return the four lines of a small chain of evidence."""
    path = tmp_path / "evidence.jsonl"
    records = Records(path)
    for number, procedure in enumerate(("ME4", "IO1", "ME4", "NR1")):
        finding = Finding("ok", f"look {number}", {"document": b"\x01\x02", "n": number})
        records.file(procedure, NOW + number, finding)
    records.close()
    return path.read_text("utf-8").splitlines()


def changed(line: str, **new: Any) -> str:
    return json.dumps({**json.loads(line), **new}, sort_keys=True, separators=(",", ":"))


def test_a_chain_verifies_by_its_lines_alone(lines: Lines) -> None:
    assert verify(lines) == 4
    assert verify([]) == 0
    first = json.loads(lines[0])
    assert first["previous"] == GENESIS
    assert first["data"] == {"document": "0x0102", "n": 0}
    assert [json.loads(line)["ref"] for line in lines] == [
        "ME4-00001", "IO1-00001", "ME4-00002", "NR1-00001"
    ]  # fmt: skip


BROKEN: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "a verdict altered": (
        lambda x: [x[0], changed(x[1], verdict="finding"), *x[2:]], "IO1-00001 was altered"),
    "a time altered": (
        lambda x: [changed(x[0], at=0), *x[1:]], "ME4-00001 was altered"),
    "a record dropped": (
        lambda x: [x[0], *x[2:]], "ME4-00002 does not follow"),
    "the first dropped": (
        lambda x: x[1:], "IO1-00001 does not follow"),
    "two reordered": (
        lambda x: [x[0], x[2], x[1], x[3]], "ME4-00002 does not follow"),
    "one repeated": (
        lambda x: [x[0], x[0], *x[1:]], "ME4-00001 does not follow"),
    "one forged with a hash of its own": (
        lambda x: [x[0], changed(x[1], summary="nothing here", hash="0" * 64), *x[2:]], "altered"),
    "a torn last line": (lambda x: [*x[:3], x[3][:40]], "line 4 is no record"),
    "a line of something else": (lambda x: [*x, "[]"], "line 5 is no record"),
    "a record without a hash": (lambda x: [*x, "{}"], "line 5 is no record"),
    "a field dropped": (
        lambda x: [*x[:3], json.dumps({"hash": json.loads(x[3])["hash"]})], "does not follow"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_damage_is_found(damage: Callable[[Lines], Lines], says: str, lines: Lines) -> None:
    with pytest.raises(CrashError, match=says):
        verify(damage(lines))


def test_an_end_that_was_cut_off_shows_against_the_log_of_events(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    records = Records(path)
    hashes = [records.file("ME4", NOW, Finding("ok", "x"))[1].hex() for _ in range(3)]
    records.close()
    lines = path.read_text("utf-8").splitlines()
    assert verify(lines, last=hashes[-1]) == 3
    assert verify(lines[:2]) == 2  # by itself it looks whole
    with pytest.raises(CrashError, match="it was cut"):
        verify(lines[:2], last=hashes[-1])
    with pytest.raises(CrashError, match="it was cut"):
        verify([], last=hashes[-1])


def test_the_hash_of_a_record_is_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    records = Records(path)
    ref, digest = records.file("ME4", NOW, Finding("finding", "off", problems={"spread": 1}))
    records.flush()
    (line,) = path.read_text("utf-8").splitlines()
    assert (ref, digest.hex()) == ("ME4-00001", json.loads(line)["hash"])
    records.close()
    records.close()


def test_in_memory_the_chain_is_the_same(tmp_path: Path) -> None:
    chains = [Records(), Records(tmp_path / "evidence.jsonl")]
    made = [[chain.file("ME4", NOW, Finding("ok", str(n))) for n in range(2)] for chain in chains]
    chains[1].close()
    assert made[0] == made[1]
    for chain in chains:
        assert [item.ref for item in chain.of("ME4")] == ["ME4-00001", "ME4-00002"]
        assert (chain.of("ME1"), chain.last("ME1"), chain.of(since=NOW + 1)) == ([], None, [])


def test_what_was_filed_is_read_again_from_memory_and_from_the_file(tmp_path: Path) -> None:
    for chain in (Records(), Records(tmp_path / "evidence.jsonl")):
        for number in range(3):
            chain.file("ME4", NOW + number, Finding("finding", "é", {"n": number}, {"gap": number}))
        last = chain.last("ME4")
        assert last is not None
        assert (last.at, last.summary, last.problems) == (NOW + 2, "é", {"gap": 2})
        assert [chain.data(item.ref) for item in chain.of(since=NOW + 1)] == [{"n": 1}, {"n": 2}]
        assert chain.intact()
        with pytest.raises(UnknownName, match="evidence"):
            chain.data("ME4-00004")
        chain.close()


def test_a_file_that_somebody_altered_is_not_intact(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    chain = Records(path)
    chain.file("ME4", NOW, Finding("finding", "bad"))
    chain.flush()
    path.write_text(path.read_text().replace("bad", "fin"))
    assert not chain.intact()
    chain.close()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": (1, b"\xff")}, '{"a":[1,"0xff"],"b":1}'),
        ("é", '"\\u00e9"'),
        (0.1, "0.1"),
        ({1: "one"}, '{"1":"one"}'),
        (None, "null"),
    ],
)
def test_canonical_text(value: object, text: str) -> None:
    assert canonical(value) == text
    assert canonical(json.loads(canonical(value))) == text


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        {b"x": 1},
        {"x": {1, 2}},
        pytest.param(object(), id="object"),
        {1: 1, "a": 2},
    ],
    ids=repr,
)
def test_what_json_has_no_form_for_is_refused(value: object) -> None:
    with pytest.raises(CrashError, match="evidence holds"):
        canonical(value)
    records = Records()
    with pytest.raises(CrashError, match="evidence holds"):
        records.file("ME4", NOW, Finding("ok", "x", {"value": value}))
