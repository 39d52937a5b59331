"""The part `million`: very many transactions in one chain that forgets nothing.

Token transfers from one sender, sent to the mempool and put in large blocks, with receipts, logs
and their index kept. Memory must stay within bounds and the last tenth be as fast as the first.
"""

from __future__ import annotations

import time
from typing import Any

from twin.bench.fresh import ask
from twin.bench.records import Effort, Figure, Part, Say, Target
from twin.chain.engines import best
from twin.errors import CrashError

__all__ = ["million", "timed"]

GAS = 60_000
"""Gas limit of a transfer; one takes about 34,000."""

ROOM = 400
"""Transactions in a block: below half of its gas, so that the base fee does not rise for good."""

TENTHS = 10


def million(effort: Effort, say: Say) -> Part:
    """Fill one chain, and compare the first tenth of its transactions with the last."""
    engine, count = best(), effort.million
    answers: list[dict[str, Any]] = []
    for number in range(effort.heavy):
        say(f"million on {engine}, run {number + 1} of {effort.heavy}")
        answers.append(ask({"job": "million", "engine": engine, "count": count}))
    rates = [answer["rates"] for answer in answers]
    peak = Figure.of("peak memory", "MB", [answer["peak_mb"] for answer in answers])
    kept = [1000 * (answer["peak_mb"] - answer["before_mb"]) / count for answer in answers]
    last = Figure.of("last tenth over first", "x", [rate[-1] / rate[0] for rate in rates])
    return Part(
        "million", f"{count:,} transfers in one chain on {engine}, receipts and logs kept",
        (
            Figure.of("first tenth", "1/s", [rate[0] for rate in rates]),
            Figure.of("last tenth", "1/s", [rate[-1] for rate in rates]),
            last, peak, Figure.of("kept for a transaction", "kB", kept),
        ),
        (
            Target(peak.name, peak.value, "at most", 1500, "MB"),
            Target(last.name, last.value, "at least", 0.9, "x"),
        ),
        notes=(f"of processor time, in blocks of {ROOM}; every log was found again",),
    )  # fmt: skip


def timed(engine: str, *, count: int) -> dict[str, Any]:
    """Make *count* transfers on *engine*; return the rate of each tenth and the memory.

    CrashError where a receipt, a log or some of the money is missing in the end.
    """
    from twin.bench.workload import Network
    from twin.bench.worlds import peak_mb

    network = Network.on(engine)
    sender = _Sender(network)
    sender.send(ROOM)  # what is made once is made now
    before = peak_mb()
    share = count // TENTHS
    rates = []
    for _tenth in range(TENTHS):
        began = time.process_time()
        sender.send(share)
        rates.append(share / (time.process_time() - began))
    peak = peak_mb()
    sender.check()
    return {"rates": rates, "before_mb": before, "peak_mb": peak}


class _Sender:
    """Sends numbered transfers, block after block."""

    def __init__(self, network: Any) -> None:
        """Have sent none."""
        self.network, self.sent = network, 0
        self.start = network.chain.head

    def send(self, count: int) -> None:
        """Send *count* transfers and let the blocks pass that hold them."""
        from twin.bench.workload import TRADER

        chain, clock, encoded = self.network.chain, self.network.clock, self.network.encoded
        last = self.sent + count
        while self.sent < last:
            for number in range(self.sent, min(self.sent + ROOM, last)):
                to, data = encoded("transfer", number)
                chain.send(TRADER, to, data, gas=GAS, tip=10**9)
                self.sent = number + 1
            clock.run(clock.now + chain.config.block_interval + 1)

    def check(self) -> None:
        """Find every log again and the money with the receiver; CrashError where one is missing."""
        from twin.bench.workload import RECEIVER, amount
        from twin.chain.port import Call

        chain, token = self.network.chain, self.network.token
        logs = 0
        for number in range(self.start + 1, chain.head + 1):
            logs += len(chain.logs(number, number, addresses=[token.address]))
        codec = token.fn("balanceOf")
        held = codec.value(chain.call(Call(token.address, codec.encode(RECEIVER))).data)
        owed = sum(map(amount, range(self.sent)))
        if (logs, held) != (self.sent, owed):
            raise CrashError(
                f"{logs} logs and {held} units are there; {self.sent} and {owed} are due"
            )
