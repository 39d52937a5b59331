"""Keepers: what anybody may do is done when it is due, once, and for gas."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

from twin.errors import UsageError


def stage(*agents: dict[str, Any], window: str = "0s", **keeper: Any) -> lab.Stage:
    protocol = lab.document()["protocol"] | {"oracle": {"challenge_window": window}}
    made = [*lab.NODES, *agents, lab.agent("keeper", "keeper", **keeper)]
    return lab.stage(agents=made, protocol=protocol)


HOUSES = lab.agent(
    "settler", "house", 2, cargoes_per_day=12, loading="1h", term="6h", fail_share=0.5,
    refunds=False,
)  # fmt: skip
EXPORTER = lab.agent("sovereign", "exporter", cargoes_per_day=12)


def sent(made: lab.Stage, function: str) -> list[tuple[int, Any]]:
    return made.of("tx", sender="keeper", function=function)


def test_an_expired_escrow_is_refunded_though_the_buyer_does_not_ask() -> None:
    made = stage(HOUSES).run(lab.DAY)
    refunded = made.of("log", event="DealRefunded")
    assert len(refunded) > 3
    assert len(sent(made, "refund")) == len(refunded)
    assert all(tx.success for _, tx in sent(made, "refund"))


def test_a_keeper_without_a_duty_leaves_it() -> None:
    made = stage(HOUSES, duties=["finalise"]).run(lab.DAY)
    assert not made.of("log", event="DealRefunded")
    assert not made.of("tx", sender="keeper")


def test_an_export_becomes_final_when_its_window_is_over_and_not_before() -> None:
    made = stage(EXPORTER, window="2h").run(lab.DAY)
    accepted = {e.args["documentHash"]: now for now, e in made.of("log", event="ExportAccepted")}
    verified = {e.args["documentHash"]: now for now, e in made.of("log", event="ExportVerified")}
    assert len(verified) > 3
    for document, now in verified.items():
        assert 2 * lab.HOUR <= now - accepted[document] < 2 * lab.HOUR + 30 * lab.MINUTE
    assert made.world.agents["exporter"].settled > 3
    assert made.world.agents["keeper"].done == len(verified)
    idle = stage(EXPORTER, window="2h", duties=[]).run(lab.DAY)
    assert idle.of("log", event="ExportAccepted")
    assert not idle.of("log", event="ExportVerified")


def test_a_verified_cargo_is_paid_though_its_seller_does_not_ask() -> None:
    made = stage(HOUSES)
    for name in ("house-1", "house-2"):
        seller = made.world.agents[name]
        insist = seller._deal.insist
        seller._deal.insist = lambda contract, function, *args, insist=insist, **rest: (
            iter(()) if function == "release" else insist(contract, function, *args, **rest)
        )
    made.run(lab.DAY)
    assert made.of("log", event="DealReleased")
    assert len(sent(made, "release")) == len(made.of("log", event="DealReleased"))


@pytest.mark.parametrize("wei", [0, 10**5])
def test_without_gas_nothing_is_done(wei: int) -> None:
    made = stage(EXPORTER, window="2h", wei=wei).run(lab.DAY)
    assert not made.of("tx", sender="keeper")


def test_of_two_keepers_one_does_it() -> None:
    protocol = lab.document()["protocol"] | {"oracle": {"challenge_window": "2h"}}
    pair = lab.agent("keeper", "keeper", 2)
    made = lab.stage(agents=[*lab.NODES, EXPORTER, pair], protocol=protocol).run(lab.DAY)
    keepers = [made.world.agents[f"keeper-{n}"] for n in (1, 2)]
    assert sum(keeper.done for keeper in keepers) == len(made.of("log", event="ExportVerified"))
    assert all(keeper.done > 0 for keeper in keepers)
    lost = [tx for n in (1, 2) for _, tx in made.of("tx", sender=f"keeper-{n}", success=False)]
    assert len(lost) == sum(keeper.lost for keeper in keepers)


def test_a_keeper_that_stopped_leaves_what_is_due_and_takes_up_what_comes_later() -> None:
    fault = lab.fault("stop", "keeper-stops", "1h", "16h", keeper="keeper")
    protocol = lab.document()["protocol"] | {"oracle": {"challenge_window": "2h"}}
    made = lab.stage(
        agents=[*lab.NODES, EXPORTER, lab.agent("keeper", "keeper", attempts=3)],
        protocol=protocol, sealed={"faults": [fault]},
    ).run(lab.DAY)  # fmt: skip
    done = [now for now, _ in sent(made, "finalise")]
    assert done
    assert min(done) >= 16 * lab.HOUR
    accepted, verified = (
        made.of("log", event="ExportAccepted"),
        made.of("log", event="ExportVerified"),
    )
    assert len(verified) < len(accepted)


@pytest.mark.parametrize("name", ["nobody", "exporter"])
def test_only_a_keeper_that_is_there_can_stop(name: str) -> None:
    fault = lab.fault("stop", "keeper-stops", "1h", keeper=name)
    with pytest.raises(UsageError, match=name):
        lab.stage(agents=[*lab.NODES, EXPORTER], sealed={"faults": [fault]})


# -- reorgs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("drop", [False, True], ids=["waits again", "dropped"])
def test_what_a_reorg_took_back_is_done_once_more(*, drop: bool) -> None:
    made = stage(EXPORTER, window="2h")
    made.run(12 * lab.HOUR)
    while not (found := sent(made, "finalise")) or made.now - found[-1][0] > 60:
        made.run(made.now + 30)
    last = found[-1][1]
    chain = made.world.chain
    chain.reorg(chain.head - last.block + 2, drop=[last.hash] if drop else [])
    made.run(made.now + lab.HOUR)
    again = [tx for _, tx in sent(made, "finalise") if tx.success]
    documents = {e.args["documentHash"] for _, e in made.of("log", event="ExportVerified")}
    assert len(again) == len(documents) + 1  # one was mined twice, on two branches
    verified = [made.read("OracleNetwork", "verified", document)[0] for document in documents]
    assert all(verified)
