"""The oracle network: median, quorum, staleness, when a report is due, attestations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contracts_lab import (
    CONFIG,
    DAY,
    DOC,
    FEED,
    HOUR,
    NODES,
    ORACLE,
    REVERTS,
    USD8,
    Lab,
    build,
    crowded,
    who,
)


@pytest.fixture(scope="module")
def built() -> Lab:
    return build()


@pytest.fixture
def lab(built: Lab) -> Iterator[Lab]:
    """The same start for every test: what a test did is undone."""
    yield from built.undone()


# --- Oracle -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answers",
    [
        (80, 81, 79, 82), (4, 3, 2, 1), (5, 5, 5, 5, 5), (-3763, -3700, -3800, -3790),
        (-1, 0, 1, 0, -1), (7, 6, 5, 4, 3, 2, 1), (1, 7, 2, 6, 3, 5, 4),
        (10, 10, 10, 10, 49_999_999_999), (-9_999_999_999, 10, 10, 10),
    ],
)  # fmt: skip
def test_answer_is_element_n_over_2_of_the_sorted_reports(
    lab: Lab, answers: tuple[int, ...]
) -> None:
    lab.submit(*answers)
    assert lab.read(ORACLE, "latest", FEED)[0] == sorted(answers)[len(answers) // 2]
    assert lab.read(ORACLE, "latest", FEED)[3] == len(answers)
    assert lab.read(ORACLE, "reports", FEED)[1][: len(answers)] == answers


def test_no_answer_below_quorum(lab: Lab) -> None:
    assert "OracleNetwork.AnswerUpdated" not in lab.submit(1, 2, 3)
    assert lab.read(ORACLE, "latest", FEED) == (0, 0, 0, 0)
    assert lab.read(ORACLE, "isStale", FEED) is True


@pytest.mark.parametrize(("age", "stale"), [(2 * HOUR, False), (2 * HOUR + 1, True)])
def test_answer_is_stale_after_max_age(lab: Lab, age: int, stale: bool) -> None:
    lab.priced().at(age)
    assert lab.read(ORACLE, "isStale", FEED) is stale


def test_old_reports_do_not_count(lab: Lab) -> None:
    lab.submit(1, 1, 1, 1)
    lab.at(2 * HOUR + 1)
    done = lab.do("node6", ORACLE, "submit", FEED, 9, lab.now)
    assert "OracleNetwork.AnswerUpdated" not in done


@pytest.mark.parametrize(
    ("current", "answer", "seconds", "due"),
    [
        (80 * USD8, 8_040_000_000, 1, True), (80 * USD8, 8_039_999_999, 1, False),
        (80 * USD8, 7_960_000_000, 1, True), (80 * USD8, 80 * USD8, HOUR - 1, False),
        (80 * USD8, 80 * USD8, HOUR, True), (-10 * USD8, -1_005_000_000, 1, True),
        (-10 * USD8, -1_004_999_999, 1, False), (0, 0, 1, False), (0, 1, 1, True),
    ],
)  # fmt: skip
def test_report_is_due_on_deviation_or_heartbeat(
    lab: Lab, current: int, answer: int, seconds: int, due: bool
) -> None:
    lab.submit(*[current] * 4)
    lab.at(seconds)
    assert lab.send("node0", ORACLE, "submit", FEED, answer, lab.now).success is due


def test_report_of_a_dismissed_node_does_not_count(lab: Lab) -> None:
    lab.submit(1, 1, 1)
    lab.do("ORACLE_ADMIN", ORACLE, "removeNode", who("node1"))
    assert lab.no("node1", ORACLE, "submit", FEED, 1, lab.now).startswith("NotANode(")
    assert "OracleNetwork.AnswerUpdated" not in lab.do("node3", ORACLE, "submit", FEED, 1, lab.now)
    assert len(lab.read(ORACLE, "nodes")) == 6


@pytest.mark.parametrize("successor", ["newcomer", "node1"])
def test_successor_does_not_inherit_the_report_of_its_place(lab: Lab, successor: str) -> None:
    lab.submit(1, 1, 1)
    lab.do("ORACLE_ADMIN", ORACLE, "removeNode", who("node1"))
    lab.do("ORACLE_ADMIN", ORACLE, "addNode", who(successor))
    assert lab.read(ORACLE, "nodes")[1] == who(successor)
    assert lab.read(ORACLE, "report", FEED, who(successor)) == (0, 0)
    third = lab.do("node3", ORACLE, "submit", FEED, 1, lab.now)
    assert "OracleNetwork.AnswerUpdated" not in third
    fourth = lab.do(successor, ORACLE, "submit", FEED, 9, lab.now)  # its first, although no newer
    assert fourth["OracleNetwork.AnswerUpdated"]["reporters"] == 4


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"low": -(10**30) - 1}, "InvalidAnswerBounds"), ({"high": 10**30}, ""),
        ({"high": 10**30 + 1}, "InvalidAnswerBounds"), ({"heartbeat": 60}, ""),
        ({"heartbeat": 7 * DAY, "max_age": 7 * DAY}, ""), ({"deviation": 200_000}, ""),
        ({"heartbeat": 7 * DAY + 1, "max_age": 8 * DAY}, "HeartbeatOutOfBounds"),
        ({"deviation": 200_001}, "DeviationOutOfBounds"), ({"deviation": 100}, ""),
        ({"max_age": 30 * DAY}, ""), ({"max_age": 30 * DAY + 1}, "MaxAgeOutOfBounds"),
        ({"quorum": 31}, ""), ({"quorum": 32}, "QuorumOutOfBounds"), ({"max_age": HOUR}, ""),
    ],
)  # fmt: skip
def test_configuration_has_hard_bounds(lab: Lab, change: dict[str, int], error: str) -> None:
    names = ("low", "high", "heartbeat", "deviation", "max_age", "quorum")
    config = [change.get(name, value) for name, value in zip(names, CONFIG, strict=True)]
    done = lab.send("ORACLE_ADMIN", ORACLE, "configureFeed", FEED, config)
    assert REVERTS.name(done.output) == error


def test_tightened_bounds_exclude_reports_that_stand(lab: Lab) -> None:
    lab.submit(*[400 * USD8] * 4)
    config = (*CONFIG[:1], 100 * USD8, *CONFIG[2:])
    lab.do("ORACLE_ADMIN", ORACLE, "configureFeed", FEED, config)
    assert lab.read(ORACLE, "feedConfig", FEED) == config
    for node in ("node4", "node5", "node6"):
        done = lab.do(node, ORACLE, "submit", FEED, 81 * USD8, lab.now)
        assert "OracleNetwork.AnswerUpdated" not in done
    lab.at(1)
    lab.do("node0", ORACLE, "submit", FEED, 81 * USD8, lab.now)
    assert lab.read(ORACLE, "fresh", FEED) == 81 * USD8


def test_thirty_one_nodes(lab: Lab) -> None:
    crowded(lab).priced()
    for i in range(24):
        lab.do(f"more{i}", ORACLE, "submit", FEED, (100 - i) * USD8, lab.now)
    values = sorted([*[80 * USD8] * 4, *[(100 - i) * USD8 for i in range(24)]])
    assert lab.read(ORACLE, "latest", FEED)[0] == values[len(values) // 2]


def test_only_attestations_of_one_quantity_add_up(lab: Lab) -> None:
    for node, quantity in zip(NODES, (5, 5, 6, 5, 6, 6, 5), strict=True):
        lab.do(node, ORACLE, "attest", DOC, quantity)
        verified = lab.read(ORACLE, "verified", DOC)
    assert verified == (True, 5)
    assert lab.read(ORACLE, "attestations", DOC, 6) == 3


def test_first_quantity_to_reach_the_quorum_stands(lab: Lab) -> None:
    lab.do("ORACLE_ADMIN", ORACLE, "setAttestationQuorum", 2)
    for node, quantity in zip(NODES, (5, 6, 5, 6), strict=False):
        done = lab.do(node, ORACLE, "attest", DOC, quantity)
        assert ("OracleNetwork.ExportVerified" in done) is (node == "node2")
    assert lab.read(ORACLE, "verified", DOC) == (True, 5)


def test_every_node_may_follow_a_jump_that_the_median_has_made(lab: Lab) -> None:
    lab.submit(*[80 * USD8] * 5)
    lab.at(60)
    for node in NODES[:4]:
        lab.do(node, ORACLE, "submit", FEED, 84 * USD8, lab.now)
    assert lab.read(ORACLE, "fresh", FEED) == 84 * USD8
    lab.do("node4", ORACLE, "submit", FEED, 84 * USD8, lab.now)  # far from its own last report
    assert lab.no("node3", ORACLE, "submit", FEED, 84 * USD8, lab.now).startswith("NotNewer(")
