"""Operators of oracle nodes that are not honest: lazy, noisy, colluding."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

from twin.errors import UnknownName

USD8 = 10**8


def node(name: str, **params: Any) -> dict[str, Any]:
    return lab.agent("oracle-node", name, sources=["albion", "corvus"], **params)


def stage(*nodes: dict[str, Any], **changes: Any) -> lab.Stage:
    return lab.stage(agents=list(nodes), **changes)


def reports(made: lab.Stage) -> dict[str, int]:
    return {report.node: report.answer for report in made.world.market.reports.newest("WTI")}


HONEST = [node(f"good-{n}") for n in range(1, 6)]


@pytest.mark.parametrize(
    ("liars", "moved"), [(2, False), (4, True)], ids=["f of 3f+1 move nothing", "more than half do"]
)
def test_a_ring_moves_the_median_only_beyond_its_fault_bound(liars: int, *, moved: bool) -> None:
    ring = [
        node(f"liar-{n}", conduct="colluding", bias_ppm=1_100_000, from_second="6h")
        for n in range(liars)
    ]
    made = stage(*HONEST[: 7 - liars], *ring).run(6 * lab.HOUR - 1)
    assert abs(made.answer() - 80 * USD8) < USD8
    made.run(9 * lab.HOUR)
    assert {name: answer > 85 * USD8 for name, answer in reports(made).items()} == {
        **{f"good-{n}": False for n in range(1, 8 - liars)},
        **{f"liar-{n}": True for n in range(liars)},
    }
    assert (made.answer() > 85 * USD8) is moved


def test_a_lazy_node_repeats_what_the_network_says() -> None:
    scale = lab.fault("unit", "source-scale", "6h", source="albion", numerator=11, denominator=10)
    made = stage(*HONEST, node("idle", conduct="lazy"), sealed={"faults": [scale]})
    made.run(6 * lab.HOUR + 10)
    before = reports(made)["idle"]
    made.run(10 * lab.HOUR)
    after = reports(made)
    assert before == pytest.approx(80 * USD8, rel=0.01)
    assert after["idle"] == pytest.approx(88 * USD8, rel=0.01)
    alone = stage(node("idle", conduct="lazy")).run(3 * lab.HOUR)
    assert reports(alone)["idle"] == pytest.approx(80 * USD8, rel=0.01)  # nothing to copy yet


def test_a_lazy_node_attests_whatever_is_claimed() -> None:
    sovereign = lab.agent("sovereign", "norland", cargoes_per_day=24)
    nodes = [node(f"n-{n}", reading_error_ppm=1_000_000) for n in range(1, 4)]
    made = stage(*nodes, node("idle", conduct="lazy"), sovereign).run(lab.DAY)
    claimed = {
        event.args["documentHash"]: event.args["quantity"]
        for _, event in made.of("log", event="ExportClaimed")
    }
    oracle = made.world.deployment.contract("OracleNetwork")
    attested = []
    for record in made.world.chain.logs(0, made.world.chain.head, addresses=[oracle.address]):
        decoded = oracle.decode_log(record)
        if decoded is not None and decoded[0] == "ExportAttested":
            attested.append(decoded[1])
    idle = made.world.habitat.account("idle")
    by_idle = [args for args in attested if args["node"] == idle]
    others = [args for args in attested if args["node"] != idle]
    assert by_idle
    assert others
    assert all(args["quantity"] == claimed[args["documentHash"]] for args in by_idle)
    assert all(args["quantity"] != claimed[args["documentHash"]] for args in others)


def test_a_noisy_node_errs_ten_times_as_much() -> None:
    made = stage(node("calm", noise="0.10%"), node("loud", noise="0.10%", conduct="noisy")).run(1)
    calm, loud = (made.world.agents[name].reporters[0]._error.pips for name in ("calm", "loud"))
    assert (calm, loud) == (1_000, 10_000)


# -- more than one feed ----------------------------------------------------------------------------


def two_feeds(**params: Any) -> lab.Stage:
    protocol = lab.document()["protocol"]
    protocol = protocol | {"feeds": {"WTI": lab.FEED, "COCOA": lab.FEED}}
    market = lab.market()
    market["commodities"] = {"WTI": lab.STILL, "COCOA": {**lab.STILL, "initial": "20.00"}}
    market["sources"]["kuma"] = {"commodity": "COCOA", "noise": "0.02%", "latency": "10s"}
    nodes = [
        {**node, "params": {**node["params"], "also": {"COCOA": ["kuma"]}, **params}}
        for node in lab.NODES
    ]
    return lab.stage(agents=nodes, protocol=protocol, market=market)


def answer(made: lab.Stage, commodity: str) -> int:
    feed = made.world.deployment.feeds[commodity]
    return int(made.read("OracleNetwork", "latest", feed)[0])


def test_a_node_serves_every_feed_that_it_names_from_one_account() -> None:
    made = two_feeds().run(3 * lab.HOUR)
    assert answer(made, "WTI") == pytest.approx(80 * 10**8, rel=0.002)
    assert answer(made, "COCOA") == pytest.approx(20 * 10**8, rel=0.002)
    node = made.world.agents["node-a-1"]
    assert [reporter.serves.commodity for reporter in node.reporters] == ["WTI", "COCOA"]
    assert node.refused == 0


def test_another_feed_moves_nothing_of_the_first() -> None:
    def answers(made: lab.Stage) -> list[tuple[int, int]]:
        made.run(3 * lab.HOUR)
        found = made.of("log", event="AnswerUpdated", feed=made.feed)
        return [(now, event.args["answer"]) for now, event in found]

    assert answers(two_feeds()) == answers(lab.stage(agents=lab.NODES))


def test_a_liar_lies_on_every_feed() -> None:
    made = two_feeds().run(lab.HOUR)
    for name in lab.NODE_NAMES[:5]:
        made.world.agents[name].misreport(2, 1)
    made.run(3 * lab.HOUR)
    assert answer(made, "WTI") > 150 * 10**8
    assert answer(made, "COCOA") > 35 * 10**8


@pytest.mark.parametrize("also", [{"OIL": ["kuma"]}, {"COCOA": ["nobody"]}])
def test_a_feed_or_a_source_that_is_not_there_is_refused(also: dict[str, list[str]]) -> None:
    with pytest.raises(UnknownName):
        two_feeds(also=also)
