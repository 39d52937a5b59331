"""A run, and then its transactions again through the engine alone, in the process that measures.

The tape holds the state after the genesis and, block by block, the environment and what was
executed in it. Replaying it is the least that the run could have cost: no mempool, no hashes, no
log index, nobody who decides. Both must end in the same state.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.bench.worlds import peak_mb, prepared
from twin.chain.blocks import Block
from twin.chain.chain import Chain
from twin.chain.engines import make_engine
from twin.chain.port import BlockEnv, Transaction
from twin.errors import CrashError
from twin.runner.parts import Parts
from twin.runner.simulation import Simulation
from twin.scenario import Scenario

__all__ = ["Tape", "timed"]

Took = dict[str, float]
"""Seconds, by `wall` and `cpu`."""


@dataclass(frozen=True, slots=True)
class Tape:
    """What was executed after *alloc*: blocks in order, each with its environment.

    *alloc* is the state after the genesis, in genesis-alloc JSON form.
    """

    chain_id: int
    alloc: Mapping[str, Mapping[str, Any]]
    blocks: tuple[tuple[BlockEnv, tuple[Transaction, ...]], ...]

    @classmethod
    def of(
        cls, chain: Chain, numbers: Sequence[int], *, alloc: Mapping[str, Mapping[str, Any]]
    ) -> Tape:
        """Read blocks *numbers* of *chain*."""
        chain_id = chain.config.chain_id
        return cls(chain_id, alloc, tuple(_block(chain, number) for number in numbers))

    @property
    def transactions(self) -> int:
        """How many transactions there are."""
        return sum(len(txs) for _env, txs in self.blocks)

    def replay(self, root: bytes, *, batches: bool) -> Took:
        """Execute it all on revm, block by block in *batches* or one by one; return what it took.

        CrashError where the state does not end with *root*, that of the run.
        """
        engine: Any = make_engine("revm", chain_id=self.chain_id)
        engine.load(self.alloc)
        with _timing() as took:
            (_in_batches if batches else _one_by_one)(engine, self.blocks)
        if engine.state_root() != root:
            raise CrashError("the transactions of the run lead the engine alone to another state")
        return took


def _block(chain: Chain, number: int) -> tuple[BlockEnv, tuple[Transaction, ...]]:
    header, config = chain.header(number), chain.config
    env = BlockEnv(
        number, header.timestamp, header.base_fee, header.gas_limit, header.coinbase,
        header.prevrandao, config.chain_id,
    )  # fmt: skip
    return env, tuple(tx for tx, _receipt in chain.content(number))


def _one_by_one(engine: Any, blocks: Sequence[tuple[BlockEnv, Sequence[Transaction]]]) -> None:
    transact: Callable[[Transaction], object] = engine.transact
    for env, txs in blocks:
        engine.begin_block(env)
        for tx in txs:
            transact(tx)


def _in_batches(engine: Any, blocks: Sequence[tuple[BlockEnv, Sequence[Transaction]]]) -> None:
    for env, txs in blocks:
        engine.begin_block(env)
        engine.transact_many(txs)


@contextmanager
def _timing() -> Iterator[Took]:
    took: Took = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield took
    took |= {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def timed(scenario: str, *, until: int | None = None) -> dict[str, Any]:
    """Run *scenario* on revm and replay it: seconds of both, shares of the run, what happened.

    The run writes its events to a file, as a user's does; verdict and report are left out.
    """
    library, spec = prepared(scenario, engine="revm")
    with tempfile.TemporaryDirectory(prefix="twin-bench-") as place, Parts() as parts:
        with _timing() as wiring:
            simulation = Simulation(spec, library.parts, events=Path(place) / "events.jsonl")
        chain = simulation.world.chain
        alloc = chain.engine.dump()
        numbers = _numbers(chain)
        stop = spec.end if until is None else spec.start + until
        with _timing() as living:
            _live(simulation, spec, stop)
    tape = Tape.of(chain, [n for n in sorted(numbers) if next(chain.content(n), None)], alloc=alloc)
    answer = {
        "run": {name: wiring[name] + living[name] for name in living},
        "shares": parts.shares(), "peak_mb": peak_mb(), "digest": simulation.digest,
        "transactions": tape.transactions, "blocks": len(tape.blocks),
    }  # fmt: skip
    return {**answer, "one by one": tape.replay(simulation.root, batches=False),
            "batches": tape.replay(simulation.root, batches=True)}  # fmt: skip


def _numbers(chain: Chain) -> set[int]:
    """Return a set that gets the number of each block with transactions that *chain* makes."""
    numbers: set[int] = set()

    def note(block: Block) -> None:
        numbers.add(block.number)

    chain.on_block(note)
    return numbers


def _live(simulation: Simulation, spec: Scenario, stop: int) -> None:
    simulation.run(stop, spec.name)
    simulation.finish()
