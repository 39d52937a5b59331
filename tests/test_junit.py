from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from twin.chain.engines import best
from twin.junit import lines, write
from twin.results import Check
from twin.suite import Case, Result

START = 1_223_337_600  # 2008-10-07 00:00 UTC


def result(**fields: Any) -> Result:
    without = fields.pop("without", ())
    case = Case(Path("s/drill.twin.yaml"), seed=3, golden=not without, without=without,
                engine=best())  # fmt: skip
    return Result(case, **{"passed": False, "seconds": 1.5, "start": START, **fields})


def check(**fields: Any) -> Check:
    usual = {"kind": "expect", "name": "pages", "limit": "at most 6", "got": "9", "passed": False}
    return Check(**{**usual, **fields})


REPRODUCE = "reproduce: twin run s/drill.twin.yaml --seed 3"
OFF = {"without": ("ME4", "IO1", "NR1"), "unit": "US cents"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"passed": True}, []),
        ({"error": "the simulation broke"}, ["the simulation broke", REPRODUCE]),
        ({"broken": (check(),)}, ["expect pages: limit at most 6, got 9", REPRODUCE]),
        (
            {"broken": (check(kind="threshold", at=START + 90_061, why="they sleep"),)},
            [
                (
                    "threshold pages: limit at most 6, got 9; first crossed 1d 01:01:01 after the "
                    "start (2008-10-08 01:01:01 UTC) (they sleep)"
                ),
                REPRODUCE,
            ],
        ),
        ({"differences": ("golden file: a: golden 1, got 2",)},
         ["golden file: a: golden 1, got 2", REPRODUCE]),
        (
            {"broken": (check(kind="loss", name="net loss", limit="<= 150000 US cents",
                              got="8829 US cents"),)},
            ["net loss: limit <= 150,000 US cents, got 8,829 US cents", REPRODUCE],
        ),
        ({**OFF, "loss": 5_000_000, "saved": 4_000_000},
         [("the loss was 5,000,000 US cents; with ME4, IO1 and NR1 it would have been 1,000,000: "
           "the response would have saved 4,000,000 US cents"),
          REPRODUCE + " --without ME4,IO1,NR1"]),
        ({**OFF, "without": ("NR1",), "loss": 5, "saved": 0},
         ["the loss was 5 US cents; with NR1 it would have been as large",
          REPRODUCE + " --without NR1"]),
        ({**OFF, "without": ("NR1",), "loss": 5, "saved": -2000},
         ["the loss was 5 US cents; with NR1 it would have been larger by 2,000",
          REPRODUCE + " --without NR1"]),
    ],
)  # fmt: skip
def test_what_is_said_of_a_case(fields: dict[str, Any], said: list[str]) -> None:
    assert lines(result(**fields)) == said


def test_the_line_that_reproduces_names_all_that_was_asked() -> None:
    case = Case(Path("a.twin.yaml"), 7, golden=False, control="liar", engine="both",
                agents=(Path("mine"),))  # fmt: skip
    assert (case.label, case.command) == (
        "a.liar[7]",
        "twin run a.twin.yaml --seed 7 --control liar --engine both --agents mine",
    )


def test_junit_counts_failures_and_errors_apart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "j.xml"
    write(path, [
        result(passed=True), result(broken=(check(),)),
        result(error="the simulation broke: \x00\x1b[31m & <b>\nmore"),
    ])  # fmt: skip
    suite = ET.fromstring(path.read_text("utf-8"))  # noqa: S314 - we wrote it
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "time")} == {
        "tests": "3", "failures": "1", "errors": "1", "time": "4.500",
    }  # fmt: skip
    good, failed, broken = suite
    assert [item.tag for item in good] == []
    assert failed[0].tag == "failure"
    assert failed[0].get("message") == "expect pages: limit at most 6, got 9"
    assert (failed[0].text or "").splitlines()[-1] == REPRODUCE
    assert broken[0].tag == "error"
    assert "\ufffd\ufffd[31m & <b>" in (broken[0].text or "")


def test_a_suite_of_nothing(tmp_path: Path) -> None:
    write(tmp_path / "j.xml", [])
    assert 'tests="0"' in (tmp_path / "j.xml").read_text("utf-8")
