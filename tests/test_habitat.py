"""The habitat: sending, hearing, reading once a state, and what a reorg tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest
import world_lab as lab

from twin.chain.port import Call
from twin.errors import CrashError, UnknownName
from twin.habitat import DROPPED

WHALE = lab.agent("noise", "whale", trades_per_day=1e-9)
GAS = 250_000


@pytest.fixture
def stage() -> lab.Stage:
    return lab.stage(agents=[WHALE])


def sell(stage: lab.Stage, amount: int = 10**6, label: str = "whale", **rest: Any) -> Any:
    habitat = stage.world.habitat
    token = habitat.deployment.contract("PaymentToken").address
    return habitat.send(
        label, "LiquidityPool", "swap", token, amount, 0, habitat.account("whale"), gas=GAS, **rest
    )


def fates(stage: lab.Stage, *events: Any) -> list[tuple[int, str, bool]]:
    """Return the list that the fates of what was sent go into."""
    log: list[tuple[int, str, bool]] = []
    for name, event in enumerate(events):
        event.callbacks.append(
            lambda done, name=name: log.append((stage.now, str(name), done.value.success))
        )
    return log


# -- sending -----------------------------------------------------------------------------------


def test_a_fate_is_known_in_the_second_of_its_block(stage: lab.Stage) -> None:
    stage.run(100)
    log = fates(stage, sell(stage), sell(stage, 10**15))  # the second is more than the whale has
    stage.run(200)
    assert log == [(108, "0", True), (108, "1", False)]


def test_a_transaction_that_no_block_will_hold_did_nothing(stage: lab.Stage) -> None:
    stage.run(100)
    event = sell(stage, label="pauper")  # an account without a coin for gas
    log = fates(stage, event)
    stage.run(200)
    assert log == [(108, "0", False)]
    assert event.value is DROPPED
    assert event.value.logs == ()
    assert stage.of("tx-dropped")[0][0] == 108


def test_an_agent_can_wait_for_its_fate(stage: lab.Stage) -> None:
    log: list[tuple[int, bool]] = []

    def live() -> Any:
        for amount in (10**6, 10**15):
            receipt = yield sell(stage, amount)
            log.append((stage.now, receipt.success))

    stage.world.clock.spawn(live())
    stage.run(100)
    assert log == [(12, True), (24, False)]


def test_the_tip_is_the_senders(stage: lab.Stage) -> None:
    stage.run(100)
    sell(stage, tip=7 * lab.GWEI)
    waiting = stage.world.chain.pending()[0]
    assert waiting.tip == 7 * lab.GWEI
    assert waiting.max_fee == 2 * stage.world.chain.next_base_fee + 7 * lab.GWEI


def test_a_wallet_tries_before_it_signs(stage: lab.Stage) -> None:
    habitat = stage.world.habitat
    token = habitat.deployment.contract("PaymentToken").address
    to = habitat.account("whale")
    works = [
        habitat.works("whale", "LiquidityPool", "swap", token, amount, 0, to)
        for amount in (10**6, 10**15)
    ]
    assert works == [True, False]
    assert habitat.works("stranger", "LiquidityPool", "swap", token, 10**6, 0, to) is False
    assert stage.world.chain.pending_count == 0


@pytest.mark.parametrize(
    ("contract", "function", "args", "error"),
    [
        ("LiquidtyPool", "swap", (), UnknownName),
        ("LiquidityPool", "swop", (), UnknownName),
        ("LiquidityPool", "swap", (1,), CrashError),
    ],
)
def test_names_and_arguments_are_checked_before_anything_is_sent(
    stage: lab.Stage, *, contract: str, function: str, args: tuple[Any, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        stage.world.habitat.send("whale", contract, function, *args, gas=GAS)
    assert stage.world.chain.pending_count == 0


# -- reading -----------------------------------------------------------------------------------


def test_what_does_not_change_is_read_once(
    stage: lab.Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    habitat, chain = stage.world.habitat, stage.world.chain
    log: list[bytes] = []
    calls = chain.calls

    def counted(asked: Sequence[Call]) -> Any:
        log.extend(call.data[:4] for call in asked)
        return calls(asked)

    monkeypatch.setattr(chain, "calls", counted)

    def look() -> int:
        log.clear()
        habitat.reserves()
        habitat.swap_fee()
        habitat.paused("LiquidityPool")
        habitat.paused("AllocationBook")
        return len(log)

    sell(stage)
    stage.run(100)
    assert look() == 4
    stage.run(500)
    assert look() == 0
    before = habitat.reserves()
    sell(stage)
    stage.run(600)
    assert look() == 4
    assert habitat.reserves()[0] == before[0] + 10**6


# -- hearing -----------------------------------------------------------------------------------


def test_an_event_is_told_once_to_each_in_the_order_in_which_they_came(stage: lab.Stage) -> None:
    log: list[tuple[str, int, int]] = []

    def hear(name: str, block: int, args: Mapping[str, Any]) -> None:
        log.append((name, block, args["amountIn"]))

    for name in ("first", "second"):
        stage.world.habitat.on_log("LiquidityPool", "Swapped", partial(hear, name))
    stage.run(100)
    sell(stage, 5)
    sell(stage, 7)
    stage.run(200)
    assert log == [("first", 9, 5), ("second", 9, 5), ("first", 9, 7), ("second", 9, 7)]


def test_an_event_that_is_not_there_is_refused_at_once(stage: lab.Stage) -> None:
    with pytest.raises(UnknownName, match="did you mean 'Swapped'"):
        stage.world.habitat.on_log("LiquidityPool", "Swaped", lambda _block, _args: None)


def test_a_log_without_a_topic_is_nobodys(stage: lab.Stage) -> None:
    anonymous = bytes.fromhex("60006000a000")  # PUSH1 0 PUSH1 0 LOG0 STOP, as creation code
    chain = stage.world.chain
    chain.send(stage.world.habitat.account("whale"), None, anonymous, gas=100_000, tip=lab.GWEI)
    stage.run(100)
    receipts = [receipt for _, receipt in chain.content(1)]
    assert [log.topics for log in receipts[0].logs] == [()]
    assert stage.of("tx")[0][1].contract == ""


def test_a_fee_that_was_adjusted_stirs_the_demand(stage: lab.Stage) -> None:
    log: list[tuple[int, int]] = []
    stage.world.market.demand.on_change(
        lambda: log.append((stage.now, stage.world.habitat.swap_fee()))
    )
    stage.run(4 * lab.DAY // 3)
    stage.call("fee_steward", "FeeSchedule", "adjust", 0, 3500)
    stage.run(4 * lab.DAY // 3 + 100)
    assert [fee for _, fee in log] == [3500]


def test_a_fee_that_a_reorg_took_back_stirs_the_demand_too(stage: lab.Stage) -> None:
    log: list[tuple[int, int]] = []
    stage.world.market.demand.on_change(
        lambda: log.append((stage.now, stage.world.habitat.swap_fee()))
    )
    stage.run(4 * lab.DAY // 3)
    adjusting = stage.call("fee_steward", "FeeSchedule", "adjust", 0, 3500)
    stage.run(stage.now + 30)
    stage.world.chain.reorg(3, drop=[adjusting])
    assert [fee for _, fee in log] == [3500, 3000]


def test_a_reorg_is_told_before_what_replaces_the_blocks(stage: lab.Stage) -> None:
    log: list[tuple[str, int]] = []
    habitat = stage.world.habitat
    habitat.on_log("LiquidityPool", "Swapped", lambda _block, args: log.append(
        ("swapped", args["amountIn"])))  # fmt: skip
    habitat.on_reorg(lambda: log.append(("undone", habitat.reserves()[0])))
    stage.run(100)
    before = habitat.reserves()[0]
    sell(stage, 5)
    stage.run(115)
    stage.world.chain.reorg(2)
    stage.run(200)
    assert log == [("swapped", 5), ("undone", before), ("swapped", 5)]
    assert habitat.reserves()[0] == before + 5


# -- chance ------------------------------------------------------------------------------------


def test_a_stream_goes_on_and_an_occasion_begins_anew(stage: lab.Stage) -> None:
    habitat = stage.world.habitat
    ongoing = habitat.stream("family", "name")
    assert habitat.stream("family", "name") is ongoing

    def draw(*names: str) -> float:
        return float(habitat.once(*names).random())

    first = draw("family", "name", "document")
    ongoing.random(1000)
    assert draw("family", "name", "document") == first
    others = [
        draw("family", "name", "another"),
        draw("family", "other", "document"),
        draw("kin", "name", "document"),
    ]
    assert len({first, *others}) == 4


def test_the_noise_of_an_agent_is_a_function_of_the_minute(stage: lab.Stage) -> None:
    habitat, start = stage.world.habitat, stage.world.clock.start
    one, two = (habitat.noise("family", "name", 200) for _ in range(2))
    seconds = [start + 60 * minute for minute in range(500)]
    forwards = [one.at(second) for second in seconds]
    assert [two.at(second) for second in reversed(seconds)] == forwards[::-1]
    assert [one.at(second + 59) for second in seconds] == forwards
    assert len(set(forwards)) > 100
    assert [habitat.noise("family", "other", 200).at(second) for second in seconds] != forwards


def test_accounts_have_real_keys_and_reads_agree_with_the_chain(stage: lab.Stage) -> None:
    habitat = stage.world.habitat
    account = habitat.account("whale")
    assert account is habitat.account("whale")
    token = habitat.deployment.contract("PaymentToken")
    raw = stage.world.chain.call(Call(token.address, token.encode("balanceOf", account))).data
    assert habitat.balances(account)[0] == int.from_bytes(raw, "big") == 50_000 * 10**6
