"""The report of a plausible run, and of broken and hostile ones."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from sample_run import (
    FAULT,
    HIT,
    HOSTILE,
    HOUR,
    PAUSED,
    SCENARIO,
    START,
    Play,
    plausible,
    sample,
    series,
)

from twin.desk.steps import Finding
from twin.events import (
    AlertChanged,
    FaultChanged,
    IncidentChanged,
    InvariantBroken,
    NoticePublished,
    Paged,
    RunStarted,
)
from twin.monitoring.series import STALE, SeriesStore
from twin.report import render, write
from twin.report.about import About
from twin.report.evidence import select
from twin.report.history import gather
from twin.report.text import number, offset, printable, short, span, utc
from twin.report.thin import thin
from twin.report.timeline import timelines
from twin.results import RunFolder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return plausible(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(run: RunFolder) -> str:
    return render(run, titles={"ME4": "Oracle data verification"})


VOID = {"meta", "br", "link", "img", "input", "hr"}


class Auditor(HTMLParser):
    """Notes what is not well formed, every id, every internal link and everything loaded."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self._look(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look(tag, attrs)

    def _look(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "img", "link", "base", "form"}:
            self.loads.append(tag)
        for name, value in attrs:
            text = value or ""
            if name == "id":
                self.ids.append(text)
            if name.startswith("on"):
                self.handlers.append(name)
            if name == "href" and text.startswith("#"):
                self.links.append(text[1:])
            elif name in {"src", "href", "action", "data", "srcset"}:
                self.loads.append(text)
            self.links += re.findall(r"url\(#([^)]*)\)", text)
            if re.search(r"url\((?!#)", text):
                self.loads.append(text)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open and self.open[-1] == "style" and re.search(r"@import|url\((?!#)", data):
            self.loads.append(data)


def audit(page: str) -> Auditor:
    auditor = Auditor()
    auditor.feed(page)
    auditor.close()
    assert auditor.wrong == []
    assert auditor.open == []
    assert len(auditor.ids) == len(set(auditor.ids))
    assert set(auditor.links) <= set(auditor.ids)
    assert auditor.loads == []
    assert auditor.handlers == []
    return auditor


def test_page_is_well_formed_and_loads_nothing(page: str) -> None:
    auditor = audit(page)
    assert len(auditor.links) > 30


@pytest.mark.parametrize(
    "bad",
    ["<p><b></p>", '<i id="a"></i><i id="a"></i>', '<a href="#gone"></a>', "<script></script>",
     '<a href="https://example.org/">x</a>', '<p style="background:url(x)"></p>', '<p onclick=""></p>',
     "<style>@import 'x';</style>"],
)  # fmt: skip
def test_auditor_finds_what_it_is_there_for(bad: str) -> None:
    with pytest.raises(AssertionError):
        audit(bad)


@pytest.mark.parametrize(
    "text",
    ["Drill in a simulated network", "FAILED", "twin run oracle-unit-error --seed 7",
     "twin replay runs/oracle-unit-error-seed7-1", "2008-07-01 00:00:00 to 2008-07-03 00:00:00 UTC",
     "ft-over-issued", "41,700", "It does not reproduce the prices", "truth (sealed during the run)",
     "act: OracleNetwork.pause as pauser", "block 6214, tx 0xabababab…", "ada+bob",
     "LiquidityPool.swap", "Oracle data verification", "volume per 6h", "outside the bounds"],
)  # fmt: skip
def test_page_says(page: str, text: str) -> None:
    wanted = text != "outside the bounds"  # 1000 times the price is inside the open bounds
    assert (text in " ".join(audit(page).text)) is wanted


def test_same_run_gives_same_bytes_of_bearable_size(run: RunFolder, page: str) -> None:
    again = render(run, titles={"ME4": "Oracle data verification"})
    assert again == page
    assert len(page.encode()) < 1_500_000


def test_write_puts_it_into_the_folder(run: RunFolder) -> None:
    path = write(run)
    assert path == run.report
    assert path.read_text().startswith("<!DOCTYPE html>")


def test_timeline_tells_the_story_in_order(run: RunFolder) -> None:
    manifest = run.read_manifest()
    history = gather(run.read_events(), start=manifest.virtual_start, end=manifest.virtual_end)
    (timeline,) = timelines(history)
    assert [line.at for line in timeline.lines] == sorted(line.at for line in timeline.lines)
    told = [line.what.partition(" →")[0] for line in timeline.lines]
    wanted = [
        "truth (sealed during the run): sources-die begins: alpha, beta are dead",
        "truth (sealed during the run): unit-error begins: gamma reports x 1000",
        "ME4 answers finding (6 times in this incident)",
        "alert OracleIndexDivergence P1 firing (feed=WTI)",
        "paged: P1 OracleIndexDivergence",
        "INC-001 open: P1 oracle, WTI is 1000 times its index",
        "NR1: act: OracleNetwork.pause as pauser",
        "INC-001 contained: P1 oracle, WTI is 1000 times its index",
        "NR3: look: Is the cause gone? (97 times until 2008-07-02 12:49:00)",
        "INC-001 closed: P1 oracle, WTI is 1000 times its index",
    ]
    assert [what for what in told if what in wanted] == wanted
    assert [line.offset for line in timeline.lines if " open: " in line.what] == ["+0s"]
    assert timeline.refs == {"ME4-00082", "ND1-00001", "NR1-00001", "NR3-00001"}


def test_lanes_are_stretches_that_end_with_the_run(run: RunFolder) -> None:
    lanes = gather(run.read_events(), start=START, end=START + 48 * HOUR).lanes()
    assert [(lane.rule, lane.stretches) for lane in lanes] == [
        ("OracleIndexDivergence", [("firing", HIT + 300, PAUSED + HOUR + 300)]),
        ("OracleSourcesLow", [("pending", FAULT + 600, FAULT + 1500),
                              ("firing", FAULT + 1500, START + 48 * HOUR)]),
    ]  # fmt: skip


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    play = Play(tmp_path)
    play.run.scenario.write_text(
        SCENARIO.replace("Oracle unit error with", json.dumps(HOSTILE)[1:-1])
    )
    play.at(START, RunStarted("x", 7, START, START + HOUR))
    play.at(START + 1, AlertChanged(HOSTILE, {"domain": HOSTILE, "a": HOSTILE}, "firing", "P1"))
    play.at(START + 2, IncidentChanged(HOSTILE, "open", HOSTILE, HOSTILE, HOSTILE))
    play.at(START + 3, FaultChanged(HOSTILE, HOSTILE, "begin", HOSTILE))
    play.at(START + 4, Paged(HOSTILE, HOSTILE))
    play.at(
        START + 5,
        NoticePublished(HOSTILE, HOSTILE, "\x00\ud800".encode("utf-8", "replace").decode()),
    )
    play.at(START + 6, InvariantBroken(HOSTILE, 1, HOSTILE))
    play.filed(START + 7, HOSTILE, Finding("finding", HOSTILE, {HOSTILE: [HOSTILE]}, {HOSTILE: 1}))
    play.step(START + 8, (HOSTILE, 1, 1), "act: " + HOSTILE, HOSTILE, {"reason": HOSTILE})
    play.play()
    store = series(step=300, hours=1)
    store.series("fictra_oracle_answer_usd", {"feed": HOSTILE}).append(START + 60, -37.63)
    store.series("fictra_venue_mid_ratio", {"venue": HOSTILE}).append(START + 60, 1.0)
    play.run.write_series(store)
    page = render(play.end())
    auditor = audit(page)
    assert HOSTILE in "".join(auditor.text)
    assert "<script>" not in page


def test_a_run_that_only_began_has_no_verdict_and_no_data(tmp_path: Path) -> None:
    play = Play(tmp_path)
    play.play()
    page = render(play.run)
    text = " ".join(audit(page).text)
    assert "UNFINISHED" in text
    assert "PASSED" not in text
    assert text.count("no data") == 11
    assert "No incident was opened." in text


def test_negative_prices_are_drawn(tmp_path: Path) -> None:
    play = Play(tmp_path)
    play.play()
    store = SeriesStore()
    for hour, price in enumerate((18.3, 10.0, -37.63, 9.1, 1_800.0)):
        sample(store, START + HOUR * hour, "fictra_oracle_answer_usd", price, feed="WTI")
        sample(store, START + HOUR * hour, "fictra_oracle_max_answer_usd", 100.0, feed="WTI")
        sample(store, START + HOUR * hour, "fictra_oracle_min_answer_usd", 1.0, feed="WTI")
    play.run.write_series(store)
    assert "outside the bounds" in "".join(audit(render(play.end())).text)


def test_an_altered_file_is_named(tmp_path: Path) -> None:
    run = plausible(tmp_path)
    lines = run.events.read_text().splitlines(keepends=True)
    run.events.write_text("".join(lines[:-1]))
    assert "Changed since the run ended: events.jsonl" in render(run)


@pytest.mark.parametrize(
    ("state", "passed", "partial", "shown"),
    [("finished", True, False, "PASSED"), ("finished", False, False, "FAILED"),
     ("partial", True, True, "PARTIAL"), ("crashed", True, False, "CRASHED")],
)  # fmt: skip
def test_only_a_finished_run_passes(
    tmp_path: Path, state: Any, passed: bool, partial: bool, shown: str
) -> None:
    play = Play(tmp_path)
    play.play()
    run = play.end()
    summary = run.read_summary()
    assert summary is not None
    run.write_summary(summary.model_copy(update={"passed": passed, "partial": partial}))
    run.finish(state, digest=None, state_root=None, head=None, reached=START + HOUR)
    assert f"<title>{shown}:" in render(run)


def record(number: int, procedure: str, verdict: str) -> dict[str, Any]:
    return {"ref": f"{procedure}-{number}", "procedure": procedure, "at": START + number,
            "verdict": verdict, "summary": "", "data": {"n": number}, "problems": {},
            "hash": "a" * 64, "previous": "b" * 64}  # fmt: skip


@pytest.mark.parametrize(
    ("verdicts", "linked", "shown"),
    [
        ("ok ok ok ok ok ok", (), "5"),
        ("ok ok ok ok ok ok", ("M-1",), "1 5"),
        ("ok finding finding finding finding ok ok", (), "1 4 6"),
        ("finding no-data finding ok ok ok finding", (), "0 1 2 5 6"),
    ],
)
def test_of_many_records_the_telling_ones_are_shown(
    verdicts: str, linked: tuple[str, ...], shown: str
) -> None:
    records = [record(number, "M", verdict) for number, verdict in enumerate(verdicts.split())]
    chosen = select(lambda: records, linked, show_all=5)
    assert " ".join(item.ref[2:] for item in chosen.items) == shown
    assert chosen.total == len(records)


def test_never_more_than_the_most_records_are_shown() -> None:
    records = [record(n, "M", "finding" if n % 2 else "no-data") for n in range(1000)]
    chosen = select(lambda: records, {f"M-{n}" for n in range(500)}, show_most=40)
    assert len(chosen.items) == 40


def test_thinning_keeps_spikes_gaps_and_ends() -> None:
    times, values = list(range(100_000)), [1.0] * 100_000
    values[54_321], values[77_777], values[20_000] = 9.0, -9.0, STALE
    at, height = thin(times, values, columns=200)
    assert len(at) < 700
    assert (at[0], at[-1]) == (0, 99_999)
    assert np.nanmax(height) == 9.0
    assert np.nanmin(height) == -9.0
    assert 20_000 in at[np.isnan(height)]


@pytest.mark.parametrize("gap", [math.nan, STALE], ids=["NaN", "stale"])
def test_a_gap_hides_nothing_of_its_column_of_pixels(gap: float) -> None:
    values = [gap if place % 3 == 1 else float(place % 7) for place in range(5001)]
    values[2400] = 99.0
    values[4000:4100] = [gap] * 100
    at, height = thin(range(5001), values, columns=50)
    for column in range(50):
        part = [one for one in values[column * 100 : column * 100 + 100] if one == one]  # noqa: PLR0124
        drawn = height[at // 100 == column]
        drawn = drawn[~np.isnan(drawn)]
        assert (drawn.min(), drawn.max()) == (min(part), max(part)) if part else not len(drawn)


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [(span(0), "0s"), (span(125), "2m 05s"), (span(21_600), "6h"), (span(180_000), "2d 02h"),
     (offset(-61), "\u22121m 01s"), (offset(0), "+0s"), (utc(START), "2008-07-01 00:00:00"),
     (utc(None), "\u2013"), (utc(10**15), "unix second 1000000000000000"), (number(None), "no data"),
     (number(41_700), "41,700"), (number(True), "yes"), (number(1.00431), "1.00431"),
     (short("tx 0x" + "ab" * 32 + " in"), "tx 0xabababab\u2026 in"), (printable("a\x00b\ud800"), "a\ufffdb?")],
)  # fmt: skip
def test_how_things_are_written(shown: str, wanted: str) -> None:
    assert shown == wanted


@pytest.mark.parametrize(
    "text", ["", "- a list", "title: [", "title: !!python/object:os.system x", "\x00"]
)
def test_a_scenario_that_cannot_be_read_leaves_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.twin.yaml").write_text(text)
    assert About.read(tmp_path / "s.twin.yaml", "calm") == About(title="calm")
    assert About.read(tmp_path / "gone", "calm") == About(title="calm")


def test_a_scenario_is_read_from_its_copy(run: RunFolder) -> None:
    about = About.read(run.scenario, "x")
    assert (about.title, about.target, about.period) == (
        "Oracle unit error with unnoticed source deaths", 180_000_000_000, 21_600,
    )  # fmt: skip
    assert about.reference == (("rate_per_usd", "0.01"), ("floor", "100"))
    assert len(about.claims) == 2


class Spoken:
    """A loaded scenario, as far as the report asks it."""

    name, title, description = "calm", "A calm day", "Nothing happens."
    claims_not_made = ("Nothing.",)
    procedures: ClassVar[dict[str, Any]] = {}
    loss: Any = None


def test_a_loaded_scenario_is_preferred_to_the_copy(run: RunFolder) -> None:
    page = render(run, Spoken())
    assert "A calm day" in page
    assert "Oracle unit error with" not in page


def test_the_command_makes_the_same_run(tmp_path: Path) -> None:
    play = Play(tmp_path)
    play.play()
    done = play.end().read_manifest()
    changed = {"control": "calm", "without": ("ME4", "IO1"), "engine": "revm", "state": "partial",
               "virtual_reached": START + 60}  # fmt: skip
    play.run.manifest.write_text(done.model_copy(update=changed).model_dump_json())
    assert (
        "twin run oracle-unit-error --seed 7 --control calm --without ME4,IO1 --engine revm --until 60s"
        in render(play.run)
    )
