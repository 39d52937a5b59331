"""`twin bench`: what it measures is really done, and figures, ratios and targets add up.

No test looks at how long anything took; what is measured here is tiny.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
from pathlib import Path
from typing import Any

import pytest

from twin.bench import (
    PARTS,
    Effort,
    Figure,
    Part,
    Target,
    fresh,
    measure,
    parts,
    profile,
    race,
    worlds,
)
from twin.bench import engines as engines_part
from twin.bench.engines import engines, targets
from twin.bench.workload import KINDS, TRADER, Network, amount
from twin.chain.engines import available
from twin.commands import bench
from twin.errors import CrashError, UnknownName

TINY = Effort(rounds=1, heavy=1, ops=0.0, baseline=1800, blocks=1800, idle=1800, profiled=600)


def silent(_line: str) -> None:
    """Say nothing."""


@pytest.mark.parametrize(
    ("rule", "value", "met"),
    [("at most", 1.2, True), ("at most", 1.21, False),
     ("at least", 1.2, True), ("at least", 1.19, False)],
)  # fmt: skip
def test_a_target_is_met_at_its_limit(rule: Any, value: float, met: bool) -> None:
    target = Target("cost", value, rule, 1.2)
    assert target.met is met
    assert target.json()["met"] is met


def test_a_figure_shows_its_median_and_keeps_its_samples() -> None:
    figure = Figure.of("cpu", "s", [3, 1, 2])
    assert figure.json() == {"name": "cpu", "unit": "s", "median": 2, "samples": [3, 1, 2]}


def test_an_unknown_part_offers_the_nearest_before_anything_is_measured() -> None:
    said: list[str] = []
    with pytest.raises(UnknownName, match="engines"):
        measure(["help", "engine"], said.append, effort=TINY)
    assert said == []


@pytest.mark.parametrize("peer", race.installed())
def test_every_installed_peer_does_the_work_it_is_timed_for(
    peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(race, "WARM", 3)
    done = race.timed(peer, ops=0.0)
    assert set(done["rates"]) == set(KINDS)
    assert all(rate > 0 for rate in done["rates"].values())
    assert all(count >= 2 * race.WARM for count in done["counts"].values())


class Lazybones:
    """Says that it is done, and does nothing."""

    def __init__(self, network: Network) -> None:
        self.swaps = 0

    def prepare(self, kind: str, first: int, count: int) -> race.Go:
        self.swaps += count if kind == "swap" else 0
        return lambda: None

    def seen(self) -> tuple[int, int] | None:
        return 0, self.swaps


def test_a_peer_that_leaves_work_out_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "_PEERS", {"lazybones": ("eth", Lazybones, "everything")})
    with pytest.raises(CrashError, match="lazybones"):
        race.timed("lazybones", ops=0.0)


def test_an_unknown_peer_is_refused() -> None:
    with pytest.raises(UnknownName, match="twin-pyevm"):
        race.timed("twin-pyevn", ops=0.0)


def test_peers_are_either_here_or_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(race.installed() + race.missing()) == sorted(race.LEAVES_OUT)
    monkeypatch.setattr(race, "find_spec", lambda name: None if name == "eth_tester" else True)
    assert race.missing() == ["web3 + eth-tester"]


def test_the_same_workload_has_one_log_for_a_transfer_and_the_pools_own_for_a_swap() -> None:
    network = Network.on("pyevm")
    found = {}
    for kind in ("transfer", "swap"):
        to, data = network.encoded(kind, 0)
        sent = network.chain.send(TRADER, to, data, gas=500_000, tip=1)
        network.clock.run(network.clock.now + 13)
        receipt = network.chain.receipt(sent)
        assert receipt is not None
        assert receipt.success
        found[kind] = len(receipt.logs)
    assert found["transfer"] == 1
    assert found["swap"] >= 3
    assert amount(0) == 1


def rates(**views: float) -> dict[str, list[dict[str, float]]]:
    """Return two rounds of each peer, by its name with _ for a blank."""
    names = {name.replace("__", "-").replace("_", " "): rate for name, rate in views.items()}
    return {name: [dict.fromkeys(KINDS, rate)] * 2 for name, rate in names.items()}


def test_targets_are_stated_only_where_both_sides_were_measured() -> None:
    assert targets(rates(twin__pyevm=1.0)) == []
    found = targets(rates(twin__revm=130.0, simular__evm=100.0, verbs=50.0))
    assert [(item.name, item.value, item.met) for item in found] == [
        ("twin-revm over simular-evm: transfer", 1.3, True),
        ("twin-revm over simular-evm: swap", 1.3, True),
    ]


def test_the_view_call_is_compared_in_microseconds_with_the_raw_loop() -> None:
    found = targets(rates(twin__revm_encoded=200_000.0, raw_revm_loop=500_000.0))
    assert [(item.name, round(item.value, 6), item.met) for item in found] == [
        ("view call above raw", 3.0, True)
    ]


def test_a_peer_that_breaks_is_a_note_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(job: dict[str, Any]) -> dict[str, Any]:
        if job["peer"] == "verbs":
            raise CrashError("no solcx")
        return {"rates": dict.fromkeys(KINDS, 10.0 if job["peer"] == "twin-pyevm" else 5.0)}

    monkeypatch.setattr(engines_part, "ask", ask)
    monkeypatch.setattr(
        engines_part, "installed", lambda: ["twin-pyevm", "verbs", "py-evm message"]
    )
    part = engines(Effort(rounds=2), silent)
    assert part.notes == ("verbs is left out: no solcx",)
    assert "verbs" not in part.leaves_out
    ratios = {item.name: item.value for item in part.figures if item.unit == "x"}
    assert ratios == {f"twin-pyevm over py-evm message: {kind}": 2.0 for kind in KINDS}


def test_a_fresh_process_tells_what_it_took_and_said() -> None:
    spent = fresh.run(["-c", "import sys; print(sys.stdin.read()); sys.exit(3)"], feed="hello")
    assert (spent.output.strip(), spent.code) == ("hello", 3)
    assert spent.cpu > 0
    assert spent.peak_mb > 1


def test_a_job_that_breaks_says_why() -> None:
    with pytest.raises(CrashError, match="wrold"):
        fresh.ask({"job": "wrold"})


def test_a_fresh_process_runs_a_world() -> None:
    job = {"job": "world", "scenario": "baseline", "engine": "pyevm", "until": 1800}
    done = fresh.ask({**job, "agents": False})
    assert done["transactions"] <= 1  # the team's own, if it acts
    assert done["cpu"] > 0


def test_blocks_of_another_interval_are_what_is_run() -> None:
    request = worlds._request("baseline", engine="pyevm", until=60, interval=2, agents=True)
    assert request.world.chain.block_interval == 2
    assert request.world.agents


def test_idle_has_nobody_but_background_and_scrapes_every_five_minutes() -> None:
    request = worlds._request("baseline", engine="pyevm", until=60, interval=None, agents=False)
    assert not request.world.agents
    assert request.world.chain.background
    assert request.world.monitoring.scrape_interval == 300


HERE = profile.PACKAGE


@pytest.mark.parametrize(
    ("file", "part"),
    [
        (HERE / "chain/chain.py", "chain"), (HERE / "chain/pyevm_state.py", "engine"),
        (HERE / "chain/revm.py", "engine"), (HERE / "protocol/reader.py", "chain"),
        (HERE.parent / "agents/noise.py", "agents"), (HERE / "habitat.py", "agents"),
        (HERE / "market/venue.py", "market"), (HERE / "monitoring/promql/parse.py", "monitoring"),
        (HERE / "desk/twin_side.py", "team"), (HERE / "desk/records.py", "recording"),
        (HERE / "events.py", "recording"), (HERE / "clock.py", "rest"),
        ("/lib/site-packages/eth/vm/state.py", "engine"), ("/lib/python/json/encoder.py", None),
        ("~", None),
    ],
)  # fmt: skip
def test_a_file_belongs_to_a_part(file: object, part: str | None) -> None:
    assert profile.part_of(str(file)) == part


def test_what_a_stranger_does_counts_for_who_called_it() -> None:
    events, clock = (str(HERE / "events.py"), 1, "emit"), (str(HERE / "clock.py"), 1, "run")
    dumps, encode = ("/lib/json/__init__.py", 1, "dumps"), ("~", 0, "<encode>")
    lonely = ("/lib/lonely.py", 1, "main")
    table: dict[profile.Code, Any] = {
        events: (1, 1, 1.0, 4.0, {}),
        clock: (1, 1, 1.0, 2.0, {}),
        dumps: (2, 2, 0.0, 4.0, {events: (1, 1, 0.0, 3.0), clock: (1, 1, 0.0, 1.0)}),
        encode: (2, 2, 4.0, 4.0, {dumps: (2, 2, 4.0, 4.0)}),
        lonely: (1, 1, 1.0, 1.0, {}),
    }
    mixes = profile._mixes(table)
    assert mixes[encode] == pytest.approx({"recording": 0.75, "rest": 0.25})
    assert mixes[lonely] == {"rest": 1.0}


def test_the_shares_of_a_profile_add_up() -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    Network.on("pyevm")
    profiler.disable()
    found = profile.shares(profiler)
    assert tuple(found) == profile.PARTS
    assert sum(found.values()) == pytest.approx(1, abs=0.01)
    assert found["engine"] > 0
    assert found["market"] == 0


def worlds_answer(job: dict[str, Any]) -> dict[str, Any]:
    """Answer like a process that did *job*: 2 s blocks cost twice as much a transaction."""
    if job["job"] == "profile":
        return {"shares": dict.fromkeys(profile.PARTS, 0.125)}
    cpu = 4.0 if job.get("interval") == 2 else 2.0
    return {"cpu": cpu, "wall": cpu, "transactions": 100, "blocks": 90}


def test_blocks_is_a_ratio_of_costs_and_idle_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ask", worlds_answer)
    monkeypatch.setattr(parts, "available", lambda: ("pyevm",))
    made, idle = measure(["blocks", "idle"], silent, effort=TINY)
    assert [(item.name, item.value) for item in made.figures] == [
        ("pyevm: 2 s blocks", 40_000.0),
        ("pyevm: 12 s blocks", 20_000.0),
        ("pyevm: 2 s over 12 s", 2.0),
    ]
    assert [target.met for target in made.targets] == [False]
    assert [target.met for target in idle.targets] == [True]
    assert idle.profile["pyevm"]["chain"] == 0.125


def test_the_baseline_is_run_as_a_user_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "available", lambda: available()[-1:])
    [part] = measure(["baseline"], silent, effort=TINY)
    assert part.targets == ()  # a run that is cut short says nothing of a week
    assert [item.unit for item in part.figures] == ["s", "s", "MB", "1/s"]
    [shares] = part.profile.values()
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)


def arguments(out: Path | None, *, as_document: bool, names: list[str]) -> argparse.Namespace:
    return argparse.Namespace(parts=names, out=out, json=as_document, traceback=False)


SAMPLE = Part(
    "blocks", "processor time", (Figure.of("[2 s]", "us/tx", [1.0, 2.0, 9.0]),),
    (Target("ratio", 1.5, "at most", 1.2), Target("speed", 2.0, "at least", 1.3, "x")),
    notes=("[all] of it",), missing=("verbs",), leaves_out={"pyrevm": "fees"},
    profile={"pyevm": {"chain": 0.25, "rest": 0.75}},
)  # fmt: skip


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "measure", lambda names, say: say("measuring") or [SAMPLE])


def test_people_get_a_table_and_a_missed_target_fails_nothing(
    sampled: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main(arguments(None, as_document=False, names=[])) == 0
    shown = capsys.readouterr()
    assert shown.err == "measuring\n"
    for text in ("[2 s]", "1 to 9 (3)", "missed", "met", "at most 1.2", "2 x", "25.0 %", "fees",
                 "not installed here: verbs", "note: [all] of it"):  # fmt: skip
        assert text in shown.out


def test_programs_get_one_document_here_and_in_the_file(
    sampled: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "bench.json"
    assert bench.main(arguments(out, as_document=True, names=[])) == 0
    body = json.loads(capsys.readouterr().out)
    assert body == json.loads(out.read_text("utf-8"))
    assert (body["schema_version"], body["passed"]) == (1, False)
    assert body["machine"]["processors"] == os.cpu_count()
    [part] = body["parts"]
    assert [target["met"] for target in part["targets"]] == [False, True]
    assert part["figures"][0]["median"] == 2.0


def test_a_place_that_cannot_be_written_is_said_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench, "measure", lambda names, say: pytest.fail("it was measured"))
    with pytest.raises(OSError, match="nowhere"):
        bench.main(arguments(tmp_path / "nowhere/b.json", as_document=True, names=[]))


def test_the_program_itself_measures_its_start_up(tmp_path: Path) -> None:
    done = fresh.run(["-m", "twin", "bench", "help", "--json"])
    assert done.code == 0, done.errors
    body = json.loads(done.output)
    assert [part["name"] for part in body["parts"]] == ["help"]
    assert "help, run 1 of" in done.errors


def test_the_parts_are_those_that_the_command_line_names() -> None:
    assert set(PARTS) == {"baseline", "blocks", "idle", "engines", "help"}
