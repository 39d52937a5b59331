"""Change files: read whole, or refused with every mistake at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from changes_lab import call, change, text

from twin.bundled import folder
from twin.errors import FileProblems, UsageError
from twin.scenario.change import checked, load_change

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a class that is none": ({"class": "urgent"}, "class: 'urgent' is not one of its values"),
    "an intent of one word": ({"intent": "more"}, "intent"),
    "no calls": ({"calls": []}, "calls"),
    "a field nobody knows": ({"colour": "blue"}, "the change has no field 'colour'"),
    "no criteria": ({"success": {"horizon": "1h", "criteria": []}}, "success.criteria"),
    "a criterion without bounds": (
        {"success": {"horizon": "1h", "criteria": [{"expr": "up"}]}}, "needs min or max",
    ),
    "a quorum of more than approve": ({"quorum": 3}, "is more than there are approvers"),
    "a window that ends first": ({"schedule": {"earliest": "2d", "latest": "1d"}}, "latest"),
    "calldata without a selector": (
        {"calls": [call("Settlement", "setMaxAmount", 1, data="0x12")]}, "is not calldata",
    ),
    "an address too short": (
        {"calls": [call("Settlement", "setMaxAmount", 1, to="0x1234")]}, "is not 20 bytes",
    ),
}  # fmt: skip


def test_a_good_file_is_read_whole() -> None:
    made, problems = checked(text(), "a.yaml")
    assert problems == ()
    assert made is not None
    plan = made.plain()
    assert (plan["class"], plan["back"]["within"], plan["approval_lasts"]) == (
        "normal",
        172_800,
        604_800,
    )
    assert plan["success"]["criteria"][0]["max"] == "0.0"  # evidence holds no floats


@pytest.mark.parametrize(("fields", "says"), BAD.values(), ids=BAD.keys())
def test_a_mistake_is_named_with_its_place(fields: dict[str, Any], says: str) -> None:
    made, problems = checked(text(**fields), "a.yaml")
    assert made is None
    assert any(says in str(problem) for problem in problems), problems
    assert all(str(problem).startswith("a.yaml:") for problem in problems)


def test_all_mistakes_come_at_once_each_at_its_line() -> None:
    _made, problems = checked("class: odd\nid: Not Kebab\nquorum: 0\n", "a.yaml")
    places = {(problem.line, problem.column) for problem in problems}
    assert {(1, 8), (2, 5), (3, 9)} <= places


def test_a_file_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.change.yaml"
    with pytest.raises(UsageError, match="cannot be read"):
        load_change(path)
    path.write_text("class: odd\n")
    with pytest.raises(FileProblems, match=r"x\.change\.yaml:1:8"):
        load_change(path)
    path.write_text(text())
    assert load_change(path)[0].id == change()["id"]


def test_the_shipped_change_can_be_read() -> None:
    found = sorted((folder("scenarios") / "changes").glob("*.change.yaml"))
    assert found
    for path in found:
        load_change(path)
