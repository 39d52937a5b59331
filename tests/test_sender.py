from __future__ import annotations

from typing import Any

import pytest
from small_network import ANN, START, USD, Network

from twin.desk.sender import GAS, TIP, TwinSender, arguments, simulate
from twin.desk.steps import Act
from twin.errors import CrashError, UnknownName
from twin.protocol.parameters import feed_id
from twin.protocol.reader import Reader

WTI = feed_id("WTI")
TIGHT = (-100 * USD, 300 * USD, 3600, 5000, 7200, 3)


def act(authority: str, contract: str, function: str, *args: Any) -> Act:
    return Act(authority, contract, function, args, "test")


def carried(network: Network, step: Act, *, after: int = 3600) -> dict[str, Any]:
    """Carry *step* out and return its result, which must come within *after* seconds."""
    results: list[dict[str, Any]] = []

    def process() -> Any:
        results.append((yield from TwinSender(network.clock, network.chain, network.deployment).carry_out(step)))  # fmt: skip

    network.clock.spawn(process())
    network.run(after)
    (result,) = results
    return result


def test_a_role_without_delay_acts_in_the_next_block() -> None:
    network = Network()
    network.run(5)
    result = carried(network, act("pauser", "AllocationBook", "pause"))
    assert result["success"]
    assert (result["reason"], result["block"], result["timestamp"]) == ("", 1, START + 12)
    receipt = network.chain.receipt(result["transaction"])
    assert receipt is not None
    assert receipt.sender == network.deployment.roles["pauser"].account
    assert Reader(network.chain, network.deployment).read("AllocationBook", "paused") is True


def test_a_role_with_a_delay_schedules_waits_and_executes() -> None:
    network = Network()
    result = carried(network, act("oracle_admin", "OracleNetwork", "configureFeed", WTI, TIGHT))
    assert (result["success"], result["scheduled_block"]) == (True, 1)
    assert result["timestamp"] == START + 12 + 600 + 12
    reader = Reader(network.chain, network.deployment)
    assert tuple(reader.read("OracleNetwork", "feedConfig", WTI)) == TIGHT


@pytest.mark.parametrize(
    ("step", "reason", "scheduled"),
    [
        (act("unpauser", "AllocationBook", "unpause"), "ExpectedPause", False),
        (act("pauser", "AllocationBook", "unpause"), "Unauthorized", False),
        (act("oracle_admin", "AllocationBook", "pause"), "Unauthorized", False),
        (act("oracle_admin", "OracleNetwork", "configureFeed", WTI, (5, 4, 3600, 5000, 7200, 3)),
         "InvalidAnswerBounds", True),
        (act("fee_steward", "FeeSchedule", "adjust", 0, 9_999), "StepTooLarge", False),
    ],
)  # fmt: skip
def test_what_the_contract_refuses_is_a_result_with_its_reason(
    step: Act, reason: str, *, scheduled: bool
) -> None:
    result = carried(Network(), step)
    assert not result["success"]
    assert reason in result["reason"]
    assert ("scheduled_block" in result) == scheduled


def test_two_at_once_take_two_nonces() -> None:
    network = Network()
    sender = TwinSender(network.clock, network.chain, network.deployment)
    results: list[Any] = []

    def process(contract: str) -> Any:
        results.append((yield from sender.carry_out(act("pauser", contract, "pause"))))

    for contract in ("AllocationBook", "LiquidityPool"):
        network.clock.spawn(process(contract))
    network.run(13)
    assert [result["success"] for result in results] == [True, True]
    assert results[0]["transaction"] != results[1]["transaction"]


def test_an_operation_that_a_block_can_never_hold_is_a_result_and_no_crash() -> None:
    result = carried(Network(gas_limit=GAS - 1), act("pauser", "AllocationBook", "pause"))
    assert (result["success"], result["block"], result["transaction"]) == (False, None, None)
    assert "gas" in result["reason"]


def test_an_operation_that_is_dropped_while_it_waits_is_a_result_and_no_crash() -> None:
    network = Network()
    account = network.deployment.roles["pauser"].account
    results: list[Any] = []

    def process() -> Any:
        sender = TwinSender(network.clock, network.chain, network.deployment)
        results.append((yield from sender.carry_out(act("pauser", "AllocationBook", "pause"))))

    network.clock.spawn(process())
    network.run(1)
    (waiting,) = network.chain.pending()
    # Somebody else with the key replaces it by a transfer that pays more.
    network.chain.submit(_replacement(network, account, waiting.nonce))
    network.run(30)
    assert results[0]["success"] is False
    assert "replaced" in results[0]["reason"]


def _replacement(network: Network, sender: bytes, nonce: int) -> Any:
    from twin.chain.transactions import impersonated

    return impersonated(
        sender, nonce, ANN, b"", chain_id=network.chain.config.chain_id, gas=21_000,
        max_fee=100 * (network.chain.next_base_fee + TIP), tip=2 * TIP, value=1,
    )  # fmt: skip


def test_operations_pay_more_than_everybody() -> None:
    network = Network()
    crowd = [network.swap() for _ in range(3)]
    result = carried(network, act("pauser", "LiquidityPool", "pause"))
    receipts = [network.chain.receipt(tx) for tx in [result["transaction"], *crowd]]
    assert [receipt.index for receipt in receipts if receipt] == [0, 1, 2, 3]
    assert [receipt.success for receipt in receipts if receipt] == [True, False, False, False]


@pytest.mark.parametrize(
    ("authority", "contract", "function", "args", "success", "reason"),
    [
        ("pauser", "AllocationBook", "pause", (), True, ""),
        ("unpauser", "AllocationBook", "unpause", (), False, "ExpectedPause"),
        ("fee_steward", "AllocationBook", "pause", (), False, "Unauthorized"),
        (
            "oracle_admin",
            "OracleNetwork",
            "configureFeed",
            ("0x" + WTI.hex(), list(TIGHT)),
            True,
            "",
        ),
        ("oracle_admin", "AllocationBook", "pause", (), False, "Unauthorized"),
    ],
)
def test_a_simulation_says_what_would_happen_and_changes_nothing(
    authority: str, contract: str, function: str, args: tuple[Any, ...], *, success: bool, reason: str
) -> None:  # fmt: skip
    network = Network()
    version = network.chain.state_version
    found = simulate(network.chain, network.deployment, authority, contract=contract,
                     function=function, args=args)  # fmt: skip
    assert (found.success, reason in found.reason) == (success, True)
    assert found.gas_used > 21_000
    assert network.chain.state_version == version


def test_names_that_are_not_there_are_refused() -> None:
    network = Network()
    with pytest.raises(UnknownName, match="did you mean 'pauser'"):
        simulate(network.chain, network.deployment, "pausr", contract="AllocationBook",
                 function="pause", args=())  # fmt: skip


@pytest.mark.parametrize(
    ("values", "made"),
    [
        (("0x0a0b", 3, "WTI"), (b"\x0a\x0b", 3, "WTI")),
        ((["0x", [1, "0xff"]],), ((b"", (1, b"\xff")),)),
        ((b"\x01", True, None), (b"\x01", True, None)),
        ((), ()),
    ],
)
def test_journalled_values_get_their_types_back(values: Any, made: Any) -> None:
    assert arguments(values) == made
    assert arguments(arguments(values)) == made


@pytest.mark.parametrize("value", ["0x0", "0xzz", "0x 1"])
def test_what_is_no_hex_is_refused(value: str) -> None:
    with pytest.raises(CrashError, match="is no hex"):
        arguments([value])
