from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twin import golden
from twin.errors import UsageError

FIGURES = {"count.blocks": 7, "loss.value": 10**30, "threshold.price": 1.00412}


def write(path: Path, **figures: float) -> dict[str, Any]:
    golden.write(path, {**FIGURES, **figures})
    kept = golden.read(path)
    assert kept is not None
    return kept


def test_a_golden_file_lies_beside_the_scenario() -> None:
    found = golden.path_of(Path("a/b.twin.yaml"), "b.control")
    assert found == Path("a/golden/b.control.json")


def test_what_was_written_agrees_with_itself(tmp_path: Path) -> None:
    kept = write(tmp_path / "golden" / "x.json")
    assert list(golden.compare(kept, FIGURES)) == []
    assert golden.values(kept) == FIGURES
    assert [item.name for item in (tmp_path / "golden").iterdir()] == ["x.json"]


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"count.blocks": 8}, ["count.blocks: golden 7, got 8"]),
        ({"count.blocks": 7.0}, ["count.blocks: golden 7, got 7.0"]),
        ({"loss.value": 10**30 + 1}, [f"loss.value: golden {10**30}, got {10**30 + 1}"]),
        ({"threshold.price": 1.00413}, []),  # the last of six digits may fall otherwise
        ({"threshold.price": 1.00416}, ["threshold.price: golden 1.00412, got 1.00416"]),
        ({"threshold.price": 1}, ["threshold.price: golden 1.00412, got 1"]),
        ({"threshold.price": float("nan")}, ["threshold.price: golden 1.00412, got nan"]),
        ({"a": 1, "z": 2}, ["a: new, got 1", "z: new, got 2"]),
    ],
)
def test_integers_are_exact_and_floats_have_a_tolerance(
    tmp_path: Path, figures: dict[str, Any], said: list[str]
) -> None:
    kept = write(tmp_path / "x.json")
    assert list(map(str, golden.compare(kept, {**FIGURES, **figures}))) == said


def test_a_figure_that_is_gone_is_a_difference(tmp_path: Path) -> None:
    kept = write(tmp_path / "x.json")
    got = {name: value for name, value in FIGURES.items() if name != "count.blocks"}
    assert list(map(str, golden.compare(kept, got))) == ["count.blocks: golden 7, got nothing"]


def test_the_tolerance_in_the_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write(path)
    body = json.loads(path.read_text("utf-8"))
    body["figures"]["threshold.price"]["tolerance"] = 0.5
    path.write_text(json.dumps(body), "utf-8")
    kept = golden.read(path)
    assert kept is not None
    assert list(golden.compare(kept, {**FIGURES, "threshold.price": 1.3})) == []


def test_no_file_is_none(tmp_path: Path) -> None:
    assert golden.read(tmp_path / "x.json") is None


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", '{"schema_version": 2, "figures": {}}', '{"schema_version": 1}',
        '{"schema_version": 1, "figures": {"a": "1"}}',
        '{"schema_version": 1, "figures": {"a": true}}',
        '{"schema_version": 1, "figures": {"a": 1.5}}',
        '{"schema_version": 1, "figures": {"a": {"value": 1}}}',
    ],
)  # fmt: skip
def test_what_is_no_golden_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"x\.json .*--update"):
        golden.read(path)
