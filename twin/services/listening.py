"""How a service hears of contract events: what anybody with a node could hear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin.chain.blocks import Block
from twin.chain.chain import Chain
from twin.clock import Clock, Process
from twin.errors import InvalidTransaction
from twin.protocol.deployment import Deployment

__all__ = ["GAS", "TIP", "listen", "send"]

GAS = 600_000
TIP = 2 * 10**9
"""Gas limit and tip (wei) of what the parties behind a service send."""


def listen(
    chain: Chain,
    deployment: Deployment,
    contract: str,
    *,
    event: str,
    heard: Callable[[Mapping[str, Any]], object],
) -> None:
    """Call *heard* with the arguments of every *event* of *contract* from now on.

    A reorg may tell of one event twice: whoever listens knows it by its arguments.
    """
    target = deployment.contract(contract)
    topic = target.event(event).topic0

    def hear(block: Block) -> None:
        for _tx, receipt in chain.content(block.number):
            for record in receipt.logs:
                if record.address == target.address and record.topics[:1] == (topic,):
                    decoded = target.decode_log(record)
                    if decoded is not None:
                        heard(decoded[1])

    chain.on_block(hear)


def send(
    clock: Clock,
    chain: Chain,
    deployment: Deployment,
    account: bytes,
    call: tuple[str, str, tuple[Any, ...]],
) -> Process:
    """Send *call* (contract, function, arguments) from *account*; value whether it succeeded."""
    del clock
    contract, function, args = call
    target = deployment.contract(contract)
    data = target.encode(function, *args)
    cap = 20 * chain.next_base_fee + TIP
    try:
        tx = chain.send(account, target.address, data, gas=GAS, tip=TIP, max_fee=cap)
        receipt = yield chain.included(tx)
    except InvalidTransaction:
        return False
    return receipt.success
