"""Traces against go-ethereum itself, where Go is: random programs, every tracer, both engines.

A small program over its packages (`geth/`) executes the same transactions on the same state, and
prints what its own tracers say. It is built once into a cache folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import chain_lab as lab
import pytest
import trace_lab

from twin.chain.codec import hex0x
from twin.chain.engines import available
from twin.chain.port import Transaction
from twin.errors import InvalidTransaction

HERE = Path(__file__).parent / "geth"
ENGINES = [name for name in available() if name in {"pyevm", "revm"}]
CASES = 150


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not here: go-ethereum cannot be asked")
    sources = sorted(HERE.iterdir())
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "fictra-twin"
    program = cache / f"geth-judge-{wanted}"
    if not program.is_file():
        made = tmp_path_factory.mktemp("geth") / "judge"
        done = subprocess.run(
            [go, "build", "-mod=readonly", "-o", str(made), "."],
            cwd=HERE, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"go-ethereum cannot be built: {done.stderr.strip()[-300:]}")
        cache.mkdir(parents=True, exist_ok=True)
        shutil.move(made, program)
    return program


def document(state: Any, transactions: list[Transaction]) -> dict[str, Any]:
    """Return what the judge is asked."""
    env = lab.ENV
    return {
        "alloc": state,
        "env": {
            "number": hex(env.number), "timestamp": hex(env.timestamp),
            "gasLimit": hex(env.gas_limit), "baseFee": hex(env.base_fee),
            "coinbase": hex0x(env.coinbase), "prevrandao": hex0x(env.prevrandao),
            "hashes": [hex0x(found) for found in env.parent_hashes],
            "chainID": hex(env.chain_id),
        },
        "txs": [
            {
                "from": hex0x(tx.sender), "to": None if tx.to is None else hex0x(tx.to),
                "nonce": hex(tx.nonce), "gas": hex(tx.gas), "value": hex(tx.value),
                "maxFee": hex(tx.max_fee), "tip": hex(tx.tip), "data": hex0x(tx.data),
                "accessList": [
                    {"address": hex0x(address), "storageKeys": [f"0x{slot:064x}" for slot in slots]}
                    for address, slots in tx.access_list
                ],
            }
            for tx in transactions
        ],
        "asked": [
            {"tracer": config.get("tracer", ""), "tracerConfig": config.get("tracerConfig", config)}
            for config in trace_lab.ASKED.values()
        ],
    }  # fmt: skip


def told(name: str, case: trace_lab.Case) -> tuple[Any, list[Transaction], list[dict[str, Any]]]:
    """Return the state before, the transactions that can run, and what is seen of each."""
    engine = trace_lab.world(case, name)
    before, sent, found = engine.dump(), [], []
    for fields in case.transactions:
        tx = lab.tx(engine, lab.ALICE, **fields)
        try:
            found.append(trace_lab.answers(engine, tx))
            engine.transact(tx)
        except InvalidTransaction:
            continue
        sent.append(tx)
    return before, sent, found


@pytest.mark.parametrize("first", range(0, CASES, 50))
def test_traces_are_those_of_go_ethereum(judge: Path, first: int) -> None:
    documents, ours = [], []
    for seed in range(first, first + 50):
        by_engine = {name: told(name, trace_lab.case(seed)) for name in ENGINES}
        state, transactions, seen = by_engine[ENGINES[-1]]
        if any("refused" in answer["steps"] for answer in seen):
            continue  # too large, and go-ethereum would not say so
        documents.append(document(state, transactions))
        ours.append({name: answers for name, (_, _, answers) in by_engine.items()})
    done = subprocess.run(
        [str(judge)], input="\n".join(map(json.dumps, documents)), capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(theirs) == len(documents) > 25
    for seed, (engines, judged) in enumerate(zip(ours, theirs, strict=True), start=first):
        for name, answers in engines.items():
            for place, answer in enumerate(answers):
                for kind, wanted in zip(trace_lab.ASKED, judged[place], strict=True):
                    assert answer[kind] == wanted, (name, kind, f"about case {seed}, {place}")
