"""What sovereigns do beside exporting: budgets, ballots, audits."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

from twin.protocol.roles import account_of

HOUR, DAY = lab.HOUR, lab.DAY
NEED = 20_000
POLICY = {"conversion": {"units_per_ft": {"WTI": "1"}}}


def stage(*sovereigns: dict[str, Any], protocol: dict[str, Any] | None = None) -> lab.Stage:
    whole = lab.document()["protocol"] | POLICY | (protocol or {})
    keeper = lab.agent("keeper", "keeper")
    return lab.stage(agents=[*lab.NODES, *sovereigns, keeper], protocol=whole, duration="7d")


def sovereign(name: str = "norland", count: int = 1, **parts: Any) -> dict[str, Any]:
    return lab.agent("sovereign", name, count, cargoes_per_day=12, **parts)


def budget(**params: Any) -> dict[str, Any]:
    return {"need": NEED, "keep": 0, "volatility": 0.0, "threshold": 99.0} | params


def ft(made: lab.Stage, name: str) -> int:
    return int(made.read("FoundationToken", "balanceOf", made.world.habitat.account(name)))


def claim(made: lab.Stage, sender: str, papers: bytes, quantity: int) -> None:
    """Let *sender* claim *quantity* for *papers*, whatever they show."""
    send(made, sender, "AllocationBook", "claim", papers, made.feed, quantity)


def send(made: lab.Stage, sender: str, contract: str, function: str, *args: Any) -> None:
    target = made.world.deployment.contract(contract)
    data = target.encode(function, *args)
    made.world.chain.send(account_of(sender), target.address, data, gas=2_000_000, tip=lab.GWEI)


# -- the budget ------------------------------------------------------------------------------------


def test_what_the_day_needs_is_converted_and_its_share_sold() -> None:
    made = stage(sovereign(budget=budget(sold=0.25))).run(3 * DAY)
    converted = [event.args for _, event in made.of("log", event="Converted")]
    assert len(converted) >= 2
    for args in converted:
        assert args["ptAmount"] == pytest.approx(NEED * 10**6, rel=1e-7)
    swaps = made.of("tx", sender="norland", function="swap")
    assert len(swaps) == len(converted)
    account = made.world.habitat.account("norland")
    pt, stable = made.world.habitat.balances(account)
    assert pt == pytest.approx(0.75 * NEED * 10**6 * len(converted), rel=1e-6)
    assert stable == pytest.approx(0.25 * NEED * 10**6 * len(converted), rel=0.05)


@pytest.mark.parametrize(
    ("params", "converts"),
    [
        ({"keep": 10**12}, False),
        ({"keep": 10**12, "threshold": -99.0}, True),
        ({"floor": 81}, False),
        ({"floor": 79}, True),
        ({"floor": 81, "threshold": -99.0}, True),
    ],
    ids=["keeps", "stress takes it all", "too cheap", "dear enough", "stress sells cheap"],
)
def test_stress_overrides_what_is_kept_and_the_least_price(
    params: dict[str, Any], *, converts: bool
) -> None:
    made = stage(sovereign(budget=budget(**params))).run(2 * DAY)
    assert bool(made.of("log", event="Converted")) is converts
    assert ft(made, "norland") > 0


def test_a_need_above_the_limit_converts_up_to_the_limit() -> None:
    limits = POLICY["conversion"] | {"sovereign_limit": 5_000}
    made = stage(sovereign(budget=budget()), protocol={"conversion": limits}).run(2 * DAY)
    converted = [event.args for _, event in made.of("log", event="Converted")]
    assert converted
    for args in converted:
        assert 4_999 * 10**6 < args["ptAmount"] + args["fee"] <= 5_000 * 10**6


def test_stress_is_a_stationary_series_that_moves_the_need() -> None:
    made = stage(sovereign(count=40, budget=budget(volatility=1.0)))
    made.run(1)
    budgets = [made.world.agents[f"norland-{n}"].budget for n in range(1, 41)]
    assert len({item.stress for item in budgets}) == 40
    assert abs(sum(item.stress for item in budgets) / 40) < 4 / 40**0.5


def test_the_parts_do_not_move_what_is_shipped() -> None:
    def cargoes(**parts: Any) -> list[tuple[int, int]]:
        made = stage(sovereign(**parts)).run(DAY)
        return [(now, e.args["quantity"]) for now, e in made.of("log", event="ExportClaimed")]

    bare = cargoes()
    assert len(bare) > 3
    assert cargoes(budget=budget(), ballot={}, audit={"share": 1.0}) == bare


# -- the ballot ------------------------------------------------------------------------------------

FAST = {
    "governance": {
        "voting_delay": "10m", "voting_period": "2h", "timelock_delay": "1h",
        "proposal_threshold": "1",
    },
}  # fmt: skip


def propose(made: lab.Stage) -> None:
    """Propose, from the account of norland, that the bond of disputes becomes one PT."""
    book = made.world.deployment.contract("AllocationBook")
    call = book.encode("setDisputeBond", 10**6)
    send(made, "norland", "FictraGovernor", "propose", [book.address], [0], [call], "cheaper")


@pytest.mark.parametrize(("opposes", "bond"), [([], 10**6), (["AllocationBook"], 1_000 * 10**6)])
def test_a_proposal_is_voted_on_and_carried_out_by_the_declared_rule(
    opposes: list[str], bond: int
) -> None:
    voters = sovereign(ballot={"turnout": 1.0, "opposes": opposes})
    made = stage(voters, protocol=FAST).run(12 * HOUR)
    assert ft(made, "norland") > 10**18
    propose(made)
    made.run(12 * HOUR + 3 * HOUR)
    (vote,) = made.world.agents["norland"].ballot.cast.values()
    assert vote == (0 if opposes else 1)
    assert made.read("AllocationBook", "disputeBond") == 1_000 * 10**6
    made.run(DAY)
    assert made.read("AllocationBook", "disputeBond") == bond
    executed = made.of("tx", sender="keeper", function="execute")
    assert len(executed) == (0 if opposes else 1)


def test_who_does_not_turn_out_does_not_vote() -> None:
    made = stage(sovereign(ballot={"turnout": 0.0}), protocol=FAST).run(12 * HOUR)
    propose(made)
    made.run(DAY)
    assert made.of("tx", function="propose", success=True)
    assert not made.of("tx", function="castVote")


def test_a_declared_motion_waits_for_its_time_and_for_the_votes_it_takes() -> None:
    motion = {
        "at": "1h", "contract": "AllocationBook", "function": "setDisputeBond", "args": [10**6],
        "description": "cheaper disputes",
    }  # fmt: skip
    made = stage(sovereign(ballot={"turnout": 1.0, "motions": [motion]}), protocol=FAST)
    made.run(DAY)
    proposed = made.of("log", event="ProposalCreated")
    issued = made.of("log", event="EntitlementIssued")
    assert len(proposed) == made.world.agents["norland"].ballot.proposed == 1
    assert proposed[0][1].args["description"] == "cheaper disputes"
    assert proposed[0][0] >= max(HOUR, issued[0][0])
    assert made.read("AllocationBook", "disputeBond") == 10**6


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"args": ["OIL"]}, "OIL"), ({"contract": "Treasury"}, "Treasury"), ({"function": "x"}, "x")],
)
def test_a_motion_that_calls_nothing_is_refused_at_the_start(
    wrong: dict[str, Any], told: str
) -> None:
    motion = {
        "at": "1h", "contract": "AllocationBook", "function": "setDisputeBond", "args": [1],
        "description": "?",
    }  # fmt: skip
    with pytest.raises(Exception, match=told):
        stage(sovereign(ballot={"motions": [motion | wrong]}), protocol=FAST)


# -- the audit -------------------------------------------------------------------------------------


def test_a_claim_above_its_papers_is_disputed_and_an_honest_one_is_not() -> None:
    made = stage(sovereign("exporter"), lab.agent("sovereign", "watch", cargoes_per_day=0.001,
                                                  audit={"share": 1.0}))  # fmt: skip
    made.run(12 * HOUR)
    watch = made.world.agents["watch"].auditor
    assert len(made.of("log", event="ExportClaimed")) > 3
    assert watch.disputes == 0
    customs, now = made.world.market.customs, made.world.clock.now
    over = customs.declare("exporter", "WTI", 1_000_000, now).hash
    claim(made, "exporter", over, 2_000_000)
    claim(made, "exporter", bytes([7] * 32), 1_000_000)
    made.run(DAY)
    disputed = {event.args["documentHash"] for _, event in made.of("log", event="ClaimDisputed")}
    assert disputed == {over, bytes([7] * 32)}
    assert watch.disputes == 2
    assert made.read("AllocationBook", "totalBonds") == 2_000 * 10**6


def test_a_share_of_nothing_reads_nothing_of_others() -> None:
    made = stage(sovereign("exporter"), sovereign("watch", audit={"share": 0.0}))
    claim(made, "exporter", bytes([7] * 32), 1_000_000)
    made.run(DAY)
    assert not made.of("log", event="ClaimDisputed")


def test_a_wrong_attestation_is_challenged_and_the_bond_collected() -> None:
    misread = [
        {**node, "params": {**node["params"], "reading_error_ppm": 10**6}} for node in lab.NODES
    ]
    protocol = lab.document()["protocol"] | {"oracle": {"challenge_window": "2h"}}
    exporter = sovereign("exporter", audit={"share": 0.0})
    made = lab.stage(agents=[*misread, exporter, lab.agent("keeper", "keeper")], protocol=protocol)
    made.world.market.customs.correlate(10**6)
    made.run(DAY)
    auditor = made.world.agents["exporter"].auditor
    assert auditor.challenges > 0
    decided = made.of("log", event="DisputeDecided")
    assert decided
    assert all(event.args["overturned"] for _, event in decided)
    assert auditor.collected == len(decided)
    assert made.world.agents["exporter"].settled > 0
    assert made.world.agents["exporter"].disputed == 0


@pytest.mark.parametrize("drop", [False, True], ids=["waits again", "dropped"])
def test_a_dispute_that_a_reorg_took_back_is_made_again(*, drop: bool) -> None:
    made = stage(sovereign("exporter"), lab.agent("sovereign", "watch", cargoes_per_day=0.001,
                                                  audit={"share": 1.0}))  # fmt: skip
    made.run(12 * HOUR)
    claim(made, "exporter", bytes([7] * 32), 1_000_000)
    while not (found := made.of("tx", sender="watch", function="dispute")):
        made.run(made.now + 30)
    last, chain = found[-1][1], made.world.chain
    chain.reorg(chain.head - last.block + 2, drop=[last.hash] if drop else [])
    made.run(made.now + HOUR)
    mined = [tx for _, tx in made.of("tx", sender="watch", function="dispute") if tx.success]
    assert len(mined) == 2  # on either branch
    assert made.read("AllocationBook", "totalBonds") == 1_000 * 10**6
