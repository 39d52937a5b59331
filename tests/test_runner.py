from __future__ import annotations

from pathlib import Path

import pytest
from program_lab import LOSS, write

from twin.errors import UnknownName
from twin.library import Library
from twin.results import RunFolder
from twin.runner import Request, Simulation, execute, simulate

HOUR, DAY = 3600, 86_400

MORE = """\
sealed:
  faults:
    - {name: surge, kind: volume-surge, at: 10m, params: {factor_ppm: 2_000_000}}
controls:
  - {name: calm, title: Nothing, thresholds: [{name: other, expr: fictra_chain_head_block, min: 0}]}
"""


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


def request_of(library: Library, folder: Path, more: str = "", **asked: object) -> Request:
    scenario = library.load(write(folder, duration="26h", more=more))
    return Request(scenario, library.parts, root=folder / "runs", **asked)  # type: ignore[arg-type]


def test_a_run_leaves_a_whole_folder(library: Library, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    outcome = execute(
        request_of(library, tmp_path),
        lambda what, done, whole, _tx: told.append((what, done, whole)),
    )
    folder = RunFolder.load(tmp_path / "runs" / "quiet-seed1-1")
    assert folder == outcome.folder
    assert not folder.altered()
    about = folder.read_manifest()
    assert (about.state, about.digest) == ("finished", outcome.summary.digest)
    assert about.virtual_reached == about.virtual_end
    assert folder.read_summary() == outcome.summary
    assert outcome.summary.passed
    assert outcome.figures["count.blocks"] == 0, "empty stretches are no events"
    assert outcome.figures["count.evidence"] > 0
    assert (tmp_path / "runs" / "quiet-seed1-1" / "quiet.twin.yaml").is_file()
    assert folder.report.stat().st_size > 1000
    assert told == [("quiet", hour * HOUR, 26 * HOUR) for hour in range(1, 27)]


def test_procedures_have_their_titles_in_the_report(library: Library, tmp_path: Path) -> None:
    outcome = execute(request_of(library, tmp_path, until=2 * HOUR))
    text = outcome.folder.report.read_text("utf-8")
    assert library.parts.catalog["MP1"].title in text


def test_a_run_with_faults_is_followed_by_the_same_without(
    library: Library, tmp_path: Path
) -> None:
    told: list[str] = []
    asked = request_of(library, tmp_path, LOSS + MORE, until=2 * HOUR)
    outcome = execute(asked, lambda what, *_rest: told.append(what))
    assert list(dict.fromkeys(told)) == ["quiet", "quiet without faults"]
    loss = outcome.summary.loss
    assert loss is not None
    assert (loss.value, loss.without_fault, loss.net) == (0, 0, 0)
    assert (outcome.summary.partial, outcome.summary.passed) == (True, False)
    calm = execute(request_of(library, tmp_path, LOSS + MORE, control="calm", until=HOUR))
    assert [check.name for check in calm.summary.checks] == ["other"]
    assert calm.folder.path.name == "quiet.calm-seed1-1"


def test_an_unknown_control_begins_nothing(library: Library, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'calm'"):
        execute(request_of(library, tmp_path, MORE, control="clam"))
    assert not (tmp_path / "runs").exists()


def test_simulate_gives_the_digest_of_a_run_and_leaves_its_log(
    library: Library, tmp_path: Path
) -> None:
    asked = request_of(library, tmp_path, LOSS)
    outcome = execute(asked)
    alone = simulate(asked, events=tmp_path / "events.jsonl")
    assert alone.digest == outcome.summary.digest
    assert "0x" + alone.root.hex() == outcome.summary.state_root
    assert (tmp_path / "events.jsonl").read_bytes() == outcome.folder.events.read_bytes()
    assert alone.loss() == 0
    assert not alone.partial


def test_a_run_cut_in_pieces_is_the_same_run(library: Library, tmp_path: Path) -> None:
    asked = request_of(library, tmp_path, LOSS + MORE)
    whole = simulate(asked)
    pieces = Simulation(asked.scenario, library.parts)
    start = asked.scenario.start
    for until in (start + 1, start + 61, start + HOUR, start + DAY + 7, asked.scenario.end):
        pieces.run(until, "pieces")
        assert pieces.world.clock.now == until
    pieces.finish()
    assert pieces.digest == whole.digest


def test_a_run_never_goes_beyond_the_end(library: Library, tmp_path: Path) -> None:
    asked = request_of(library, tmp_path, until=100 * DAY)
    assert asked.stop == asked.scenario.end
    assert request_of(library, tmp_path, until=5).stop == asked.scenario.start + 5


def test_data_outside_the_folder_of_the_scenario_travels_too(
    library: Library, tmp_path: Path
) -> None:
    own = "date,price\n2009-01-02,40\n2009-01-05,48.81\n2009-01-06,48.58\n2009-01-07,42.63\n"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "wti-2008-07-to-2009-06.csv").write_text(own, "utf-8")
    outcome = execute(request_of(library, tmp_path, until=HOUR))
    kept = outcome.folder.path / "data" / "wti-2008-07-to-2009-06.csv"
    assert kept.read_text("utf-8") == own
