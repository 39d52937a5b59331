"""The parts of `twin bench` that time programs and runs: what is run, and what is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bench_lab import REVM, TINY, silent

from twin.bench import Effort, fresh, measure, million, month, runs, threads, worlds
from twin.bench.tape import Tape
from twin.bench.workload import Network
from twin.chain.engines import available
from twin.errors import CrashError


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
    assert done["transactions"] < 20, "the probes of the team, and what it does"
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


def worlds_answer(job: dict[str, Any]) -> dict[str, Any]:
    """Answer like a process that did *job*: 2 s blocks cost twice as much a transaction."""
    cpu = 4.0 if job.get("interval") == 2 else 2.0
    shares = {"engine": 0.875, "chain": 0.125}
    return {"cpu": cpu, "wall": cpu, "transactions": 100, "blocks": 90, "shares": shares}


def test_blocks_is_a_ratio_of_costs_and_idle_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "ask", worlds_answer)
    monkeypatch.setattr(runs, "available", lambda: ("pyevm",))
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
    monkeypatch.setattr(runs, "available", lambda: available()[-1:])
    [part] = measure(["baseline"], silent, effort=TINY)
    assert part.targets == ()  # a run that is cut short says nothing of a week
    assert [item.unit for item in part.figures] == ["s", "s", "MB", "1/s"]
    [shares] = part.profile.values()
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)


class Paid:
    """Answers like a process that ran `twin run`; pyevm takes twelve times as long."""

    def __init__(self, argv: list[str], *, feed: str = "") -> None:
        self.cpu = self.wall = 60.0 if "pyevm" in argv else 5.0
        self.peak_mb, self.code, self.errors = 100.0, 1, ""
        summary = {
            "digest": "0x1", "counts": {"transactions": 600},
            "speed": {"parts": [{"part": "engine", "seconds": 1.0, "share": 1.0}]},
        }  # fmt: skip
        self.output = json.dumps(summary)


def test_the_baselines_ratio_is_of_processor_time_run_by_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "run", Paid)
    monkeypatch.setattr(runs, "available", lambda: ("pyevm", "revm"))
    [part] = measure(["baseline"], silent, effort=Effort(heavy=2))
    figures = {item.name: item.samples for item in part.figures}
    assert figures["pyevm over revm: cpu"] == (12.0, 12.0)
    assert {item.name: item.met for item in part.targets}["pyevm over revm: cpu"] is True
    assert part.profile == {"pyevm": {"engine": 1.0}, "revm": {"engine": 1.0}}


@REVM
def test_the_month_ends_where_its_transactions_alone_end() -> None:
    [part] = measure(["month"], silent, effort=TINY)
    figures = {item.name: item.value for item in part.figures}
    assert figures["run over engine: cpu"] == pytest.approx(
        figures["run: cpu"] / figures["engine, one by one: cpu"]
    )
    assert part.notes[0].endswith("cut after 0.0208333 days")
    assert int(part.notes[0].split()[0]) > 20
    assert sum(part.profile["revm"].values()) == pytest.approx(1)


@REVM
def test_a_tape_that_leads_elsewhere_is_found_out() -> None:
    network = Network.on("revm")
    made = Tape.of(network.chain, [], alloc=network.alloc)
    assert made.replay(network.chain.engine.state_root(), batches=True)["cpu"] >= 0
    with pytest.raises(CrashError, match="another state"):
        made.replay(bytes(32), batches=False)


@pytest.mark.parametrize("part", [month.month, threads.threads])
def test_what_needs_the_fast_engine_says_so_without_it(
    part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for home in (month, threads):
        monkeypatch.setattr(home, "available", lambda: ("pyevm",))
    made = part(TINY, silent)
    assert (made.figures, made.targets) == ((), ())
    assert "not built here" in made.notes[0]


def test_the_million_is_counted_again_in_the_end() -> None:
    [part] = measure(["million"], silent, effort=TINY)
    assert part.about.startswith("1,000 transfers")
    assert [target.name for target in part.targets] == ["peak memory", "last tenth over first"]


def test_a_transfer_that_is_missing_in_the_end_is_found_out() -> None:
    sender = million._Sender(Network.on("pyevm"))
    sender.send(3)
    sender.check()
    sender.sent += 1
    with pytest.raises(CrashError, match="3 logs"):
        sender.check()


@REVM
def test_two_engines_are_compared_with_each_alone() -> None:
    assert set(threads.timed(0.0, turns=1)) == {"transfer", "swap", "hashing"}


@pytest.mark.parametrize(("hashing", "notes"), [(1.9, 1), (1.1, 2)])
def test_a_machine_that_is_too_busy_to_tell_is_said(
    hashing: float, notes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"transfer": 1.7, "swap": 1.5, "hashing": hashing}
    monkeypatch.setattr(threads, "ask", lambda _job: answer)
    monkeypatch.setattr(threads, "available", lambda: ("pyevm", "revm"))
    [part] = measure(["threads"], silent, effort=TINY)
    assert [(item.name, item.met) for item in part.targets] == [
        ("transfer: two over one", True), ("swap: two over one", False),
    ]  # fmt: skip
    assert len(part.notes) == notes
