"""Oracle nodes: when they report, what they fall back on, what they refuse, and that they sleep."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import world_lab as lab
from eth_hash.auto import keccak

from twin.protocol.operations import operation_of

USD8 = 10**8
OPEN = lab.fault("open-bound", "feed-bounds-open", "0s", commodity="WTI", max_answer=10_000_000)
QUICK = 3 * lab.MINUTE
"""Time enough for a due report: latency, two blocks, and the minute grid of the price."""


def network(*others: dict[str, Any], **changes: Any) -> lab.Stage:
    return lab.stage(agents=[*lab.NODES, *others], **changes)


def vendors(stage: lab.Stage) -> dict[str, Any]:
    return dict(stage.world.market.sources)


def rescale_all(stage: lab.Stage, numerator: int, denominator: int = 1) -> None:
    for source in vendors(stage).values():
        source.rescale(numerator, denominator)


def submissions(stage: lab.Stage, since: int = 0, **fields: Any) -> list[tuple[int, Any]]:
    found = stage.of("tx", function="submit", **fields)
    return [(now, tx) for now, tx in found if now >= since]


def published(stage: lab.Stage) -> dict[str, Any]:
    return {report.node: report for report in stage.world.market.reports.newest("WTI")}


def log_reports(stage: lab.Stage, node: str) -> list[tuple[int, int]]:
    """Return the list that the reports of *node* go into: (second, answer)."""
    log: list[tuple[int, int]] = []
    board = stage.world.market.reports
    publish = board.publish

    class Board:
        def publish(self, name: str, commodity: str, source: str, answer: int, now: int) -> Any:
            if name == node:
                log.append((stage.now, answer))
            return publish(name, commodity, source, answer, now)

    stage.world.habitat.reports = Board()  # type: ignore[assignment]
    return log


# -- when --------------------------------------------------------------------------------------


def test_the_first_answer_is_there_within_minutes() -> None:
    stage = network().run(QUICK)
    first = stage.of("log", event="AnswerUpdated")[0]
    assert first[0] < QUICK
    assert first[1].args["reporters"] == 4
    assert abs(stage.answer() - 80 * USD8) < USD8 // 10


@pytest.mark.parametrize("interval", [12, 70, 130])
def test_at_a_still_price_each_node_reports_once_a_heartbeat(interval: int) -> None:
    stage = network(chain={"block_interval": interval}).run(12 * lab.HOUR)
    for node in lab.NODE_NAMES:
        times = [now for now, _ in submissions(stage, sender=node)]
        gaps = [later - sooner for sooner, later in pairwise(times)]
        assert len(times) in {11, 12, 13}, node
        if interval > 12:
            continue
        # heartbeat <= gap <= heartbeat + the node's jitter + latency + two blocks
        assert all(lab.HOUR <= gap < lab.HOUR + 2 * lab.MINUTE + 120 for gap in gaps), node
    assert not submissions(stage, success=False)


@pytest.mark.parametrize(
    ("numerator", "moves"), [(1000, False), (1003, False), (1007, True), (993, True), (1500, True)]
)
def test_a_move_is_reported_at_once_where_it_leaves_the_band(
    numerator: int, *, moves: bool
) -> None:
    stage = network().run(30 * lab.MINUTE)
    stage.at(1800, lambda: rescale_all(stage, numerator, 1000))
    stage.run(1800 + QUICK)
    reported = {tx.sender for _, tx in submissions(stage, since=1800, success=True)}
    assert reported == (set(lab.NODE_NAMES) if moves else set())
    if moves:
        expected = 80 * USD8 * numerator // 1000
        assert abs(stage.answer() - expected) * 500 < expected
    refused = submissions(stage, since=1800, success=False)
    assert refused == []


def test_a_real_path_is_followed_within_the_band() -> None:
    path = {**lab.STILL, "sigma_chi": 0.6, "sigma_xi": 0.3}
    stage = network(market=lab.market(commodities={"WTI": path}), seed=5)
    gaps: list[float] = []
    price = stage.world.market.paths["WTI"].price

    def look() -> None:
        now = stage.world.clock.now
        gaps.append(abs(stage.answer() / price(now) - 1))

    for minute in range(10, 24 * 60, 10):
        stage.at(minute * 60, look)
    stage.run(lab.DAY)
    # band .5 %, noise of vendor and node, and what the price does until the next block
    assert max(gaps) < 0.012
    assert len([gap for gap in gaps if gap > 0.006]) < len(gaps) // 20
    assert len(submissions(stage, success=True)) > 7 * 24
    # a race for the same block is lost where the median followed first
    assert len(submissions(stage, success=False)) < len(submissions(stage)) // 8


# -- what ends badly ---------------------------------------------------------------------------


def test_a_dead_vendor_is_left_quietly_for_the_next() -> None:
    stage = network().run(10 * lab.MINUTE)
    assert {node: report.source for node, report in published(stage).items()} == {
        **dict.fromkeys(("node-a-1", "node-a-2", "node-a-3"), "albion"),
        **dict.fromkeys(("node-b-1", "node-b-2"), "brisa"),
        **dict.fromkeys(("node-c-1", "node-c-2"), "corvus"),
    }
    vendors(stage)["albion"].die()
    stage.run(3 * lab.HOUR)
    assert {published(stage)[f"node-a-{n}"].source for n in (1, 2, 3)} == {"corvus"}
    assert published(stage)["node-b-1"].source == "brisa"
    assert not submissions(stage, success=False)
    vendors(stage)["albion"].revive()
    stage.run(5 * lab.HOUR)
    assert {published(stage)[f"node-a-{n}"].source for n in (1, 2, 3)} == {"albion"}
    assert all(stage.world.market.reports.authentic(report) for report in published(stage).values())


def count_tries(stage: lab.Stage) -> dict[str, list[int]]:
    """Return the seconds at which each node looks at its source, to report."""
    tries: dict[str, list[int]] = {}
    for name in lab.NODE_NAMES:
        agent, log = stage.world.agents[name].reporters[0], tries.setdefault(name, [])
        observe = agent._observe

        def observed(log: list[int] = log, observe: Any = observe) -> Any:
            log.append(stage.now)
            return observe()

        agent._observe = observed
    return tries


def all_die(stage: lab.Stage) -> None:
    for source in vendors(stage).values():
        source.die()


def all_live(stage: lab.Stage) -> None:
    for source in vendors(stage).values():
        source.revive()


HOURS = 10
SPELLS = {
    "the vendors are dead": (all_die, all_live),
    "the answer is outside the bounds": (
        lambda stage: rescale_all(stage, 1000),
        lambda stage: rescale_all(stage, 1),
    ),
    "the network is paused": (
        lambda stage: stage.call("pauser", "OracleNetwork", "pause"),
        lambda stage: stage.call("unpauser", "OracleNetwork", "unpause"),
    ),
}


@pytest.mark.parametrize("what", SPELLS)
def test_a_node_that_cannot_report_sleeps_and_reports_at_once_when_it_can(what: str) -> None:
    stage = network().run(10 * lab.MINUTE)
    tries = count_tries(stage)
    spoil, heal = SPELLS[what]
    spoil(stage)
    stage.run(10 * lab.MINUTE + 60)
    began, wakes = stage.now, stage.wakes
    end = began + HOURS * lab.HOUR
    stage.run(end)
    assert submissions(stage, since=began) == []
    # one look every five minutes, or two where a report is due: before and after the latency
    assert all(len(log) <= HOURS * 26 for log in tries.values())
    assert stage.wakes - wakes < 7 * HOURS * 12 * 4  # what one look takes of the clock
    heal(stage)
    stage.run(end + QUICK)
    assert {tx.sender for _, tx in submissions(stage, since=end, success=True)} == set(
        lab.NODE_NAMES
    )
    assert abs(stage.answer() - 80 * USD8) < USD8


def test_what_is_outside_the_bounds_is_published_and_not_submitted() -> None:
    stage = network().run(10 * lab.MINUTE)
    before = stage.answer()
    rescale_all(stage, 1000)
    stage.run(2 * lab.HOUR)
    assert all(report.answer > 70_000 * USD8 for report in published(stage).values())
    assert submissions(stage, since=10 * lab.MINUTE) == []
    assert stage.answer() == before
    # 12 an hour and no more, although each answer of another node wakes it too
    assert all(10 < stage.world.agents[node].refused < 30 for node in lab.NODE_NAMES)


def test_the_answers_of_others_are_no_reason_to_try_again() -> None:
    path = {**lab.STILL, "sigma_chi": 0.9}
    stage = network(market=lab.market(commodities={"WTI": path}))
    stage.world.market.sources["corvus"].rescale(1000, 1)
    stage.run(12 * lab.HOUR)
    assert len(stage.of("log", event="AnswerUpdated")) > 100
    for node in ("node-c-1", "node-c-2"):
        assert 100 < stage.world.agents[node].refused <= 12 * 12


def configure(stage: lab.Stage, at: int, **changes: int) -> None:
    """Let the oracle administrator configure the feed, an hour after it was scheduled at *at*."""
    feed = stage.world.scenario.protocol.feeds["WTI"].model_copy(update=changes)
    config = (
        feed.min_answer, feed.max_answer, feed.heartbeat, feed.deviation, feed.max_age, feed.quorum,
    )  # fmt: skip
    what = operation_of(
        stage.world.deployment, "oracle_admin", contract="OracleNetwork", function="configureFeed",
        args=(stage.feed, config),
    )  # fmt: skip
    chain = stage.world.chain
    for later, message in zip((0, lab.HOUR + 60), what.messages, strict=True):
        stage.at(at + later, lambda message=message: chain.send(  # type: ignore[misc]
            what.caller, *message, gas=10**6, tip=lab.GWEI))  # fmt: skip


def test_a_feed_that_is_configured_anew_is_obeyed_at_once() -> None:
    stage = network().run(10 * lab.MINUTE)
    rescale_all(stage, 1000)
    configure(stage, 600, max_answer=10**15)
    stage.run(2 * lab.HOUR)
    configured = stage.of("log", event="FeedConfigured")[0][0]
    accepted = [now for now, tx in submissions(stage, since=600, success=True)]
    assert configured < accepted[0] < configured + QUICK
    assert abs(stage.answer() - 80_000 * USD8) < 100 * USD8


def test_a_narrower_band_and_a_shorter_heartbeat_are_obeyed_too() -> None:
    stage = network().run(10 * lab.MINUTE)
    configure(stage, 600, heartbeat=600, deviation=3000)
    stage.run(6 * lab.HOUR)
    since = 3 * lab.HOUR
    times = [now for now, _ in submissions(stage, since=since, sender="node-a-1", success=True)]
    assert len(times) in range(14, 19)  # every ten minutes plus jitter


def test_a_node_that_was_dismissed_tries_seldom() -> None:
    stage = network().run(10 * lab.MINUTE)
    what = operation_of(
        stage.world.deployment, "oracle_admin", contract="OracleNetwork", function="removeNode",
        args=(stage.world.deployment.nodes["node-b-1"],),
    )  # fmt: skip
    for later, message in zip((0, lab.HOUR + 60), what.messages, strict=True):
        stage.at(600 + later, lambda message=message: stage.world.chain.send(  # type: ignore[misc]
            what.caller, *message, gas=10**6, tip=lab.GWEI))  # fmt: skip
    stage.run(8 * lab.HOUR)
    refused = submissions(stage, sender="node-b-1", success=False)
    assert {tx.reason.split("(")[0] for _, tx in refused} == {"NotANode"}
    assert 0 < len(refused) <= 8 * 12
    assert len(submissions(stage, since=2 * lab.HOUR, sender="node-b-2", success=True)) >= 5


# -- quorum, median, liars ---------------------------------------------------------------------


def test_the_answer_is_the_median_and_takes_a_quorum() -> None:
    stage = network().run(10 * lab.MINUTE)
    answers = sorted(report.answer for report in published(stage).values())
    assert stage.answer() == answers[len(answers) // 2]
    few = lab.stage(agents=lab.NODES[:1] + lab.NODES[2:], protocol=lab.document()["protocol"] | {
        "feeds": {"WTI": {**lab.FEED, "quorum": 5}}})  # fmt: skip
    few.run(10 * lab.MINUTE)
    assert few.of("log", event="AnswerUpdated")[0][1].args["reporters"] == 5
    vendors(few)["corvus"].die()  # two nodes without a source: three reports are left
    few.run(6 * lab.HOUR)
    assert few.read("OracleNetwork", "isStale", few.feed) is True


def test_one_liar_of_seven_moves_the_answer_by_less_than_the_honest_spread() -> None:
    lie = lab.fault("liar", "node-misreport", "1h", node="node-a-2", numerator=1000)
    honest, lied = (
        network(sealed={"faults": [OPEN, *more]}).run(3 * lab.HOUR) for more in ([], [lie])
    )
    answers = [report.answer for report in published(honest).values()]
    assert published(lied)["node-a-2"].answer > 70_000 * USD8
    assert submissions(lied, since=lab.HOUR, sender="node-a-2", success=True)
    assert abs(lied.answer() - honest.answer()) <= max(answers) - min(answers)


@pytest.mark.parametrize("opened", [True, False])
def test_three_vendors_that_collapse_into_one_are_wrong_together(*, opened: bool) -> None:
    faults = [
        lab.fault("albion-dies", "source-death", "1h", source="albion"),
        lab.fault("brisa-dies", "source-death", "1h", source="brisa"),
        lab.fault("unit", "source-scale", "2h", source="corvus", numerator=1000),
    ]
    stage = network(sealed={"faults": [OPEN, *faults] if opened else faults})
    stage.run(2 * lab.HOUR)
    assert {report.source for report in published(stage).values()} == {"corvus"} or opened
    before = stage.answer()
    stage.run(2 * lab.HOUR + QUICK)
    if opened:
        assert abs(stage.answer() / before - 1000) < 5
    else:
        assert stage.answer() == before
    stage.run(6 * lab.HOUR)
    assert stage.read("OracleNetwork", "isStale", stage.feed) is not opened


# -- exports -----------------------------------------------------------------------------------

NOBODY = lab.agent("sovereign", "exporter", cargoes_per_day=1e-9)


def claim(stage: lab.Stage, quantity: int, *, papers: bool) -> bytes:
    """Let the exporter claim an export, with papers at customs or without."""
    habitat = stage.world.habitat
    document = keccak(b"no such bill of lading")
    if papers:
        now = stage.world.clock.now
        document = habitat.customs.declare("exporter", "WTI", quantity, now).hash
    habitat.send("exporter", "AllocationBook", "claim", document, stage.feed, quantity, gas=300_000)
    return document


def test_a_document_is_verified_by_a_quorum_and_a_claim_without_papers_by_nobody() -> None:
    stage = network(NOBODY).run(10 * lab.MINUTE)
    real = claim(stage, 600_000_000, papers=True)
    invented = claim(stage, 500_000_000, papers=False)
    stage.run(12 * lab.HOUR)
    assert len(stage.of("log", event="ExportClaimed")) == 2
    assert stage.read("OracleNetwork", "verified", real) == (True, 600_000_000)
    assert stage.read("OracleNetwork", "verified", invented) == (False, 0)
    attested = stage.of("tx", function="attest")
    assert 4 <= len(attested) <= 7
    assert all(tx.success for _, tx in attested)
    assert stage.read("OracleNetwork", "attestations", real, 600_000_000) == len(attested)
    assert stage.read("OracleNetwork", "attestations", invented, 500_000_000) == 0


def test_what_was_claimed_while_the_network_was_paused_is_attested_afterwards() -> None:
    stage = network(NOBODY).run(10 * lab.MINUTE)
    stage.call("pauser", "OracleNetwork", "pause")
    stage.run(12 * lab.MINUTE)
    real = claim(stage, 600_000_000, papers=True)
    stage.run(6 * lab.HOUR)
    assert not stage.of("tx", function="attest")
    stage.call("unpauser", "OracleNetwork", "unpause")
    stage.run(6 * lab.HOUR + 10 * lab.MINUTE)
    assert stage.read("OracleNetwork", "verified", real) == (True, 600_000_000)
    assert not stage.of("tx", function="attest", success=False)


def test_nodes_that_misread_alone_verify_nothing_and_together_the_wrong_quantity() -> None:
    wrong = [
        {**node, "params": {**node["params"], "reading_error_ppm": 10**6}} for node in lab.NODES
    ]
    for common, verified in ((0, False), (10**6, True)):
        stage = lab.stage(agents=[*wrong, NOBODY])
        stage.world.market.customs.correlate(common)
        stage.run(10 * lab.MINUTE)
        real = claim(stage, 600_000_000, papers=True)
        stage.run(12 * lab.HOUR)
        found, quantity = stage.read("OracleNetwork", "verified", real)
        assert found is verified
        assert quantity != 600_000_000
        assert 4 <= len(stage.of("tx", function="attest")) <= 7


def test_exports_move_no_report_of_a_node() -> None:
    logs = []
    for others in ((), (lab.agent("sovereign", "exporter", count=3, cargoes_per_day=20),)):
        stage = network(*others)
        logs.append(log_reports(stage, "node-b-2"))
        stage.run(12 * lab.HOUR)
        assert bool(stage.of("tx", function="attest", sender="node-b-2")) is bool(others)
    assert len(logs[0]) > 10
    assert logs[0] == logs[1]


def test_a_liar_moves_no_report_of_an_honest_node() -> None:
    lie = lab.fault("liar", "node-misreport", "1h", node="node-a-2", numerator=1000)
    logs = []
    for faults in ([OPEN], [OPEN, lie]):
        stage = network(sealed={"faults": faults})
        logs.append(log_reports(stage, "node-c-1"))
        stage.run(12 * lab.HOUR)
    assert logs[0] == logs[1]


def test_a_node_can_lie_before_it_lives() -> None:
    stage = network()
    stage.world.agents["node-a-1"].misreport(2, 1)
    stage.run(10 * lab.MINUTE)
    assert published(stage)["node-a-1"].answer > 159 * USD8
