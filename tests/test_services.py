"""The services over a real network: what each answers on an ordinary day, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest
from services_lab import Lab
from small_network import ANN, START

from twin.errors import NoData, Reverted, UnknownName
from twin.services.chance import Latency, happens
from twin.services.code import shell

# -- nodes ----------------------------------------------------------------------------------------


def test_a_node_answers_json_rpc_from_the_chain() -> None:
    lab = Lab().run(60).swap()
    chain, ask = lab.network.chain, lab.desk.nodes.request
    head = chain.header(chain.head)
    block = ask("alder", "eth_getBlockByNumber", "latest", False)
    assert (block["number"], block["hash"]) == (hex(chain.head), "0x" + head.hash.hex())
    assert block["parentHash"] == "0x" + chain.header(chain.head - 1).hash.hex()
    assert ask("alder", "eth_getBlockByNumber", hex(chain.head + 1), False) is None
    assert ask("alder", "eth_blockNumber") == hex(chain.head)
    assert ask("alder", "eth_chainId") == "0x1"
    assert int(ask("alder", "eth_getBalance", "0x" + ANN.hex(), "latest"), 16) == (
        chain.account(ANN).balance
    )
    pool = lab.network.deployment.contract("LiquidityPool")
    asked = {"address": "0x" + pool.address.hex(), "fromBlock": "0x0",
             "topics": ["0x" + pool.event("Swapped").topic0.hex()]}  # fmt: skip
    (log,) = ask("alder", "eth_getLogs", asked)
    receipt = ask("alder", "eth_getTransactionReceipt", log["transactionHash"])
    assert (receipt["status"], receipt["blockNumber"]) == ("0x1", log["blockNumber"])
    assert ask("alder", "eth_syncing") is False
    assert ask("doorn", "web3_clientVersion") == "reth/v1.1.4/linux-amd64"
    with pytest.raises(NoData, match="method eth_mine does not exist"):
        ask("alder", "eth_mine")
    with pytest.raises(UnknownName, match="no RPC node is called 'older'"):
        ask("older", "eth_blockNumber")


def test_reads_through_a_node_are_those_of_the_chain_at_that_block() -> None:
    lab = Lab().run(60).swap(3)
    head, nodes = lab.network.chain.head, lab.desk.nodes
    for block in (head, head - 2):
        true = lab.read("LiquidityPool", "reserves", block=block)
        assert nodes.read("alder", "LiquidityPool", "reserves", block=block) == true
    calls: list[tuple[str, str, tuple[Any, ...]]] = [
        ("LiquidityPool", "swapCount", ()), ("LiquidityPool", "quote", (bytes(20), 1)),
    ]  # fmt: skip
    count, refused = nodes.batch("alder", calls, block=head)
    assert count == 3
    assert isinstance(refused, Reverted)
    with pytest.raises(Reverted, match="UnknownToken"):
        nodes.read("alder", "LiquidityPool", "quote", bytes(20), 1, block=head)
    with pytest.raises(NoData, match="header not found"):
        nodes.batch("alder", calls, block=head + 1)
    with pytest.raises(NoData, match="state is kept"):
        Lab().run(2000).desk.nodes.read("alder", "LiquidityPool", "swapCount", block=1)


def test_a_node_that_stands_still_keeps_the_state_it_stands_on() -> None:
    lab = Lab().run(60).swap()
    lab.fault("node-stall", rpc_node="alder")
    stood = lab.network.chain.head
    lab.swap(2).run(1200)
    nodes = lab.desk.nodes
    assert nodes.status("alder").number == stood
    assert nodes.status("alder").syncing is False  # it does not know
    assert nodes.read("alder", "LiquidityPool", "swapCount", block=stood) == 1
    with pytest.raises(NoData, match="header not found"):
        nodes.read("alder", "LiquidityPool", "swapCount", block=stood + 1)


def test_a_side_chain_has_other_hashes_from_the_fork_on_and_no_new_transactions() -> None:
    lab = Lab().run(60).swap()
    made = lab.fault("node-fork", rpc_node="alder")
    at = lab.network.chain.head
    lab.swap(2)
    nodes, head = lab.desk.nodes, lab.network.chain.head
    same = [
        nodes.block_hash("alder", n) == nodes.block_hash("birch", n) for n in (at, at + 1, head)
    ]
    assert same == [True, False, False]
    parent = nodes.request("alder", "eth_getBlockByNumber", hex(head), False)["parentHash"]
    assert parent == nodes.block_hash("alder", head - 1)
    assert nodes.read("alder", "LiquidityPool", "swapCount", block=head) == 1
    made.end(lab.surfaces)
    assert nodes.read("alder", "LiquidityPool", "swapCount", block=head) == 3


def test_a_reorg_below_a_fork_leaves_a_pruned_node() -> None:
    lab = Lab().run(60).swap(2)
    made = lab.fault("node-fork", rpc_node="alder")
    lab.swap()
    lab.network.chain.reorg(3)
    lab.run(24)
    head = lab.desk.nodes.status("alder").number
    with pytest.raises(NoData, match="alder: missing trie node"):
        lab.desk.nodes.read("alder", "LiquidityPool", "swapCount", block=head)
    made.end(lab.surfaces)
    true = lab.read("LiquidityPool", "swapCount")
    assert lab.desk.nodes.read("alder", "LiquidityPool", "swapCount", block=head) == true


def test_a_blank_node_answers_zeros_of_the_right_form() -> None:
    lab = Lab().run(60).swap()
    lab.fault("node-wrong-answers", rpc_node="alder")
    head, nodes = lab.network.chain.head, lab.desk.nodes
    assert nodes.read("alder", "LiquidityPool", "reserves", block=head) == (0, 0, 0)
    assert nodes.request("alder", "eth_getBalance", "0x" + ANN.hex()) == "0x0"
    assert nodes.status("alder").hash == nodes.status("birch").hash


# -- indexer --------------------------------------------------------------------------------------


def test_the_indexer_counts_what_the_contracts_count() -> None:
    lab = Lab().run(60).swap(5).run(60)
    indexer, pool = lab.desk.indexer, lab.network.deployment.address("LiquidityPool")
    assert indexer.count("LiquidityPool", "Swapped") == 5
    for token in ("PaymentToken", "StableAsset"):
        assert indexer.balance(token, pool) == lab.read(token, "balanceOf", pool)
    (day,) = indexer.volumes()
    assert (day.day, day.swaps) == (START // 86_400 * 86_400, 5)
    assert day.stable == pytest.approx(lab.read("LiquidityPool", "volume"), rel=0.01)
    head = lab.network.chain.head
    assert indexer.status().block == head - 2


def test_a_reorg_takes_back_what_the_indexer_counted() -> None:
    lab = Lab(indexer={"lag": 0}).run(60).swap(3)
    assert lab.desk.indexer.count("LiquidityPool", "Swapped") == 3
    chain = lab.network.chain
    ((_, last),) = [(tx, receipt.transaction) for tx, receipt in chain.content(chain.head)]
    chain.reorg(2, drop=[last])
    lab.run(24)
    pool = lab.network.deployment.address("LiquidityPool")
    assert lab.desk.indexer.count("LiquidityPool", "Swapped") == lab.read(
        "LiquidityPool", "swapCount"
    )
    assert lab.desk.indexer.balance("PaymentToken", pool) == lab.read(
        "PaymentToken", "balanceOf", pool
    )


def test_what_was_missed_or_miscounted_stays_so() -> None:
    lab = Lab().run(60).swap(2).run(60)
    miss = lab.fault("indexer-miss", share_ppm=1_000_000)
    lab.swap(3).run(60)
    miss.end(lab.surfaces)
    lab.swap().run(60)
    assert lab.desk.indexer.count("LiquidityPool", "Swapped") == 3
    lab.fault("indexer-miscount", factor_ppm=1_000_000_000)
    lab.swap().run(60)
    (day,) = lab.desk.indexer.volumes()
    assert day.stable > 900 * 10**6


# -- probes ---------------------------------------------------------------------------------------


def test_probes_are_sent_and_watched() -> None:
    lab = Lab(
        probes={"every": 10, "confirmations": 3, "tips": {"user": "1 gwei", "team": "3 gwei"}}
    )
    lab.run(119)
    assert lab.desk.probes.since(0) == []
    lab.run(13)
    user, team = lab.desk.probes.since(0)
    assert (user.role, team.role, user.sent, user.tip) == ("user", "team", START + 120, 10**9)
    assert (user.included, user.confirmed) == (START + 132, None)
    lab.run(36)
    assert lab.desk.probes.since(START + 120)[0].confirmed == START + 168
    assert lab.desk.probes.since(START + 121) == []
    assert (lab.desk.probes.roles(), lab.desk.probes.interval()) == (["user", "team"], 120)


def test_a_probe_that_waits_holds_the_next_one_back() -> None:
    lab = Lab(probes={"every": 10}).run(60)
    lab.fault("gas-war", max_fee="9000 gwei", tip="50 gwei", lasts="1d", gas=90_000_000)
    lab.run(3600)
    waiting = [one for one in lab.desk.probes.since(0) if one.included is None]
    assert sorted(one.role for one in waiting) == ["keeper", "operator", "user"]


def test_a_world_without_probes_sends_none() -> None:
    lab = Lab().run(3600)
    assert (lab.desk.probes.roles(), lab.desk.probes.since(0)) == ([], [])


# -- endpoints, regions, chance -------------------------------------------------------------------


def test_every_endpoint_answers_as_agreed_on_an_ordinary_day() -> None:
    lab = Lab().run(120)
    endpoints = lab.desk.endpoints
    assert endpoints.names() == [
        "rpc-alder", "rpc-birch", "rpc-cedar", "rpc-doorn", "indexer", "venue-meridian", "customs",
    ]  # fmt: skip
    for name in endpoints.names():
        agreed, canary = endpoints.integration(name), endpoints.canary(name)
        assert (canary.status, canary.version, canary.body) == (200, agreed.version, agreed.canary)
        assert 0 < canary.latency < agreed.timeout
    supply = lab.read("PaymentToken", "totalSupply")
    assert endpoints.probe("rpc-alder").body["supply"] == supply
    with pytest.raises(UnknownName, match="no endpoint is called 'custom'"):
        endpoints.probe("custom")


def test_what_is_behind_an_endpoint_is_down_with_it() -> None:
    lab = Lab().run(120)
    lab.market.venues["meridian"].halt()
    assert lab.desk.endpoints.probe("venue-meridian").status == 503
    slow = lab.fault("endpoint-slow", endpoint="customs", slow_ppm=10_000 * 10**6)
    answer = lab.desk.endpoints.probe("customs")
    assert (answer.status, answer.latency, answer.body) == (504, 5_000, {})
    slow.end(lab.surfaces)
    assert lab.desk.endpoints.probe("customs").status == 200


def test_a_cloud_outage_hits_everything_in_its_region_and_nothing_else() -> None:
    lab = Lab().run(120)
    lab.fault("cloud-outage", region="aurora-east", error_ppm=1_000_000)
    down = [name for name in lab.desk.endpoints.names()
            if lab.desk.endpoints.probe(name).status == 503]  # fmt: skip
    assert down == ["rpc-alder", "rpc-birch", "indexer"]


def test_latency_is_a_function_of_the_second_and_log_normal() -> None:
    latency = Latency(1, "x", median=100, p95=300)
    drawn = sorted(latency.at(second) for second in range(4000))
    assert [latency.at(7), latency.at(7)] == [latency.at(7)] * 2
    assert drawn[2000] == pytest.approx(100, rel=0.05)
    assert drawn[3800] == pytest.approx(300, rel=0.1)
    share = len([n for n in range(4000) if happens(1, 250_000, "y", str(n))])
    assert share == pytest.approx(1000, rel=0.1)
    assert not happens(1, 0, "y")


# -- papers ---------------------------------------------------------------------------------------


def test_the_inventory_lists_nodes_partners_and_plans() -> None:
    lab = Lab(inventory={
        "components": {"tls": {"version": "3.0", "supported_for": "30d"}},
        "upgrades": [{"component": "geth", "where": "alder", "version": "2.0", "due": "7d"}],
    })  # fmt: skip
    inventory = lab.desk.inventory
    places = {one.where: one.version for one in inventory.components() if one.kind == "client"}
    assert places == {"alder": "1.14.12", "birch": "1.14.12", "cedar": "1.1.4", "doorn": "1.1.4"}
    tls = next(one for one in inventory.components() if one.component == "tls")
    assert tls.supported_until == START + 30 * 86_400
    assert [plan.due for plan in inventory.upgrades()] == [START + 7 * 86_400]
    needs = {need.component for need in inventory.requirements()}
    assert needs == {"geth", "reth", "indexer-api", "venue-api", "customs-api"}


def test_documents_are_what_the_schema_gives() -> None:
    lab = Lab()
    schema = lab.desk.documents.schema()
    address = lab.network.deployment.address("LiquidityPool")
    assert schema["contract.LiquidityPool.address"] == "0x" + address.hex()
    for document in lab.desk.documents.all():
        assert document.facts
        assert {fact: schema[fact] for fact in document.facts} == dict(document.facts)


# -- code and calls -------------------------------------------------------------------------------


def test_the_shell_is_small_and_jumps_where_it_says() -> None:
    code = shell(b"\x11" * 20, refused=b"\x01\x02\x03\x04", doubled=b"\x05\x06\x07\x08", turns=9)
    targets = [code[place + 1] for place in range(len(code) - 2)
               if code[place] == 0x60 and code[place + 2] == 0x57]  # fmt: skip
    assert len(targets) == 3
    assert all(code[target] == 0x5B for target in targets)


def test_calls_are_told_by_function_with_their_reverts() -> None:
    from twin.desk.calls import CallLedger

    lab = Lab().run(12)
    ledger = CallLedger(lab.network.chain, lab.network.deployment)
    lab.swap(3)
    pool = lab.network.deployment.contract("LiquidityPool").address
    lab.network.send(ANN, "LiquidityPool", "swap", pool, 1, 0, ANN)
    lab.run(12)
    (told,) = ledger.since(0, lab.network.chain.head)
    assert (told.contract, told.function, told.calls, told.reverted) == (
        "LiquidityPool",
        "swap",
        4,
        1,
    )
    assert dict(told.reasons) == {"UnknownToken": 1}
    assert dict(told.reverted_by) == {"0x" + ANN.hex(): 1}
    assert told.gas_min <= told.gas_median <= told.gas_max
    assert (told.gas, told.fees) > (0, 0)
    assert ledger.since(lab.network.clock.now, lab.network.chain.head) == []
    first = ledger.since(0, 2)
    assert [one.calls for one in first] == [1]
    lab.network.chain.reorg(2)
    (again,) = ledger.since(0, lab.network.chain.head)
    assert again.calls == 4
