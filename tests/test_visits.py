"""Outsiders in a run: looking changes nothing, and what they send can be played again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rpc_lab
import world_lab as lab

from twin.chain.rpc import DevAccount, Rpc
from twin.chain.transactions import impersonated
from twin.console.visits import Again, Outside, OutsideTransaction, Visits
from twin.errors import ChainError, InvalidTransaction
from twin.protocol.roles import account_of, key_of

UNTIL = 2 * lab.HOUR
TRADERS = lab.agent("noise", "trader", 3)
SENDER, OTHER = (DevAccount(n, account_of(n), key_of(n)) for n in ("trader-1", "trader-2"))

Look = Callable[[rpc_lab.Client, int], object]


def nothing(_client: rpc_lab.Client, _turn: int) -> None:
    """Look at nothing."""


def everything(client: rpc_lab.Client, turn: int) -> None:
    """Look at whatever there is."""
    client("eth_getBlockByNumber", "latest", True)
    client("eth_getBlockByNumber", "pending", False)
    client("eth_feeHistory", "0x5", "latest", [50])
    client("txpool_content")
    client("eth_getBalance", "0x" + SENDER.address.hex(), "latest")
    client("eth_estimateGas", {"to": rpc_lab.NOBODY})
    client("eth_call", {"to": rpc_lab.NOBODY}, "latest", {rpc_lab.NOBODY: {"balance": "0x1"}})
    client("eth_simulateV1", {"blockStateCalls": [{"calls": [{"to": rpc_lab.NOBODY}]}]})
    if turn % 20 == 0:
        client("eth_getProof", rpc_lab.NOBODY, [], "latest")
        head = int(client("eth_blockNumber"), 16)
        client("debug_traceBlockByNumber", hex(head), {"tracer": "callTracer"})


def sends(client: rpc_lab.Client, turn: int) -> None:
    """Send a little now and then."""
    if turn in {3, 40, 41}:
        sender = (SENDER, OTHER)[turn % 2]
        fields = {"from": "0x" + sender.address.hex(), "to": rpc_lab.NOBODY, "value": hex(turn)}
        client("eth_sendTransaction", {**fields, "gas": "0x5208"})


def run(look: Look | None, interval: str = "12s") -> tuple[lab.Stage, Outside]:
    """Return the stage after two hours with visits by *look*, or without any."""
    stage = lab.stage(
        agents=[*lab.NODES, TRADERS], chain={"block_interval": interval, "base_fee": "10 gwei"}
    )
    world = stage.world
    outside = Outside(world.clock, world.chain, world.log)
    if look is not None:
        accounts = [DevAccount(a.label, a.address, a.key) for a in (SENDER, OTHER)]
        rpc = Rpc(world.chain, world.clock, accounts=accounts, submit=outside.submit)
        client, turns = rpc_lab.Client(rpc), iter(range(10**6))
        Visits(world.clock, lambda: look(client, next(turns)))
    for minute in range(UNTIL // 60):
        stage.run(60 * (minute + 1))
    return stage, outside


@pytest.mark.parametrize("interval", ["12s", "1s"])
def test_who_only_looks_changes_nothing(interval: str) -> None:
    alone, _ = run(None, interval)
    visited, outside = run(everything, interval)
    assert visited.log.digest() == alone.log.digest()
    assert (outside.count, visited.log.count) == (0, alone.log.count)


def told(stage: lab.Stage) -> Iterator[dict[str, Any]]:
    """Yield the events of *stage* as a file has them."""
    for now, event in stage.seen:
        raw = "0x" + event.raw.hex() if isinstance(event, OutsideTransaction) else ""
        yield {"kind": event.kind, "t": now, "raw": raw}


def test_what_is_sent_is_an_event_and_plays_again() -> None:
    alone, _ = run(nothing)
    first, outside = run(sends)
    assert outside.count == 3
    sent = [(now - first.world.clock.start, event.hash) for now, event in first.seen
            if isinstance(event, OutsideTransaction)]  # fmt: skip
    assert [second for second, _ in sent] == [4 * 60, 41 * 60, 42 * 60]
    receipts = [first.world.chain.receipt(found) for _, found in sent]
    assert all(receipt is not None and receipt.success for receipt in receipts)
    assert first.log.digest() != alone.log.digest()

    again = lab.stage(
        agents=[*lab.NODES, TRADERS], chain={"block_interval": "12s", "base_fee": "10 gwei"}
    )
    world = again.world
    assert Again(world.clock, world.chain, world.log).schedule(told(first)) == 3
    again.run(UNTIL)
    assert again.log.digest() == first.log.digest()


def test_what_cannot_be_played_again_is_refused() -> None:
    stage = lab.stage()
    world = stage.world
    outside = Outside(world.clock, world.chain, world.log)
    made = impersonated(SENDER.address, 0, None, chain_id=world.chain.config.chain_id,
                        gas=21_000, max_fee=1, tip=1)  # fmt: skip
    with pytest.raises(ChainError, match="is signed"):
        outside.submit(made)
    rpc = Rpc(world.chain, world.clock, accounts=[SENDER], submit=outside.submit)
    client = rpc_lab.Client(rpc)
    fields = {"from": "0x" + SENDER.address.hex(), "to": rpc_lab.NOBODY, "gas": "0x5208"}
    assert "insufficient funds" in client.error("eth_sendTransaction", fields)["message"]
    assert outside.count == 0
    outside.closed = "the run has ended"
    with pytest.raises(ChainError, match="the run has ended"):
        outside.submit(made)
    assert not issubclass(ChainError, InvalidTransaction)
