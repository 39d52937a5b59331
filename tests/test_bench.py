"""`twin bench`: what it measures is really done, and figures, ratios and targets add up.

No test looks at how long anything took; what is measured here is tiny.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench_lab import TINY, silent

from twin.bench import Effort, Figure, Target, anvil, measure, race
from twin.bench import engines as engines_part
from twin.bench.engines import engines, targets
from twin.bench.workload import KINDS, TRADER, Network, amount
from twin.errors import CrashError, UnknownName


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
    entry = race.Entry("eth", Lazybones, "everything")
    monkeypatch.setattr(race, "_PEERS", {"lazybones": entry})
    with pytest.raises(CrashError, match="lazybones"):
        race.timed("lazybones", ops=0.0)


def test_an_unknown_peer_is_refused() -> None:
    with pytest.raises(UnknownName, match="twin-pyevm"):
        race.timed("twin-pyevn", ops=0.0)


def test_peers_are_either_here_or_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(race.installed() + race.missing()) == sorted(race.LEAVES_OUT)
    monkeypatch.setattr(race, "find_spec", lambda name: None if name == "eth_tester" else True)
    assert set(race.missing()) - {"anvil over IPC", "anvil, batches"} == {"web3 + eth-tester"}


def test_anvil_is_looked_for_beside_this_python_and_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert anvil.program() is None
    assert {"anvil over IPC", "anvil, batches"} <= set(race.missing())
    for place in (tmp_path / "anvil", tmp_path / "bin" / "anvil"):
        place.parent.mkdir(exist_ok=True)
        place.touch(mode=0o755)
        assert anvil.program() == str(place)


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
    found = targets(rates(twin__revm_encoded=200_000.0, raw_loop=500_000.0))
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


def test_the_effort_can_be_more_and_less() -> None:
    assert Effort.of() == Effort()
    assert (Effort.of(rounds=7).rounds, Effort.of(rounds=7).heavy) == (7, 3)
    assert Effort.of(quick=True).million < Effort().million
    assert Effort.of(rounds=1, quick=True).heavy == 1
