"""A bare chain with three accounts and JSON-RPC over it: what the tests of `twin.chain.rpc` share."""

from __future__ import annotations

import json
from typing import Any

from twin.chain.config import ChainConfig
from twin.chain.engines import available, make_engine
from twin.chain.rpc import BareChain, DevAccount, Rpc
from twin.clock import Clock
from twin.protocol.roles import account_of, key_of

CHAIN_ID = 31_337
START = 1_700_000_000
ETHER = 10**18
ENGINES = tuple(name for name in available() if name in {"pyevm", "revm"})
NAMES = ("ann", "bob", "eve")
ANN, BOB, EVE = ("0x" + account_of(name).hex() for name in NAMES)
NOBODY = "0x" + "99" * 20

# Runtime codes, written by hand. COUNTER: slot 0 += 1, LOG1 with topic 7 of the new value, return
# it; called with any data, it only reads. REVERTS: Error("no"). BURNS: INVALID.
COUNTER = "3660185760015f5401805f555f52600760205fa160205ff35b5f545f5260205ff3"
REVERTS = (
    "7f08c379a0" + "00" * 28 + "5f52"  # the selector at 0
    "60206004526002602452"  # offset 32 at 4, length 2 at 36
    "7f6e6f" + "00" * 30 + "604452"  # "no" at 68
    "60645ffd"
)
BURNS = "fe"


def creation(runtime: str) -> str:
    """Return creation code for *runtime*, at most 255 bytes: copy what follows, return it."""
    size = len(runtime) // 2
    return f"0x60{size:02x}600c60003960{size:02x}6000f3" + runtime


class Client:
    """JSON-RPC as a client sees it."""

    def __init__(self, rpc: Rpc, *, token: str | None = None) -> None:
        self.rpc, self.token = rpc, token

    def send(self, body: Any) -> Any:
        """Return the answer to *body*: JSON, or bytes as they are; None where there is none."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.rpc.handle(raw, token=self.token)
        return json.loads(answer) if answer else None

    def ask(self, method: str, *params: Any) -> dict[str, Any]:
        """Return the whole answer."""
        found: dict[str, Any] = self.send(
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        )
        return found

    def __call__(self, method: str, *params: Any) -> Any:
        """Return the result; a test fails on an error."""
        answer = self.ask(method, *params)
        assert "error" not in answer, answer
        return answer["result"]

    def error(self, method: str, *params: Any) -> dict[str, Any]:
        """Return the error object."""
        found: dict[str, Any] = self.ask(method, *params)["error"]
        return found

    def deploy(self, runtime: str, sender: str = ANN) -> str:
        """Return the address of a new contract with *runtime* code."""
        sent = self("eth_sendTransaction", {"from": sender, "data": creation(runtime)})
        return str(self("eth_getTransactionReceipt", sent)["contractAddress"])


def chain_of(engine: str = "pyevm", *, base_fee: int = 10**9, window: int = 64) -> BareChain:
    """Return a bare chain on which each of `NAMES` holds 100 coins."""
    config = ChainConfig(chain_id=CHAIN_ID, base_fee=base_fee, reorg_window=window)
    chain = BareChain(make_engine(engine, chain_id=CHAIN_ID), config, Clock(START))
    for name in NAMES:
        chain.fund(account_of(name), 100 * ETHER)
    return chain


def rpc_of(chain: BareChain, *, token: str | None = None) -> Rpc:
    """Return JSON-RPC over *chain* that signs for `NAMES`."""
    accounts = [DevAccount(name, account_of(name), key_of(name)) for name in NAMES]
    return Rpc(chain, chain.clock, accounts=accounts, bare=True, token=token)


def client(engine: str = "pyevm") -> Client:
    """Return a client of a new bare chain."""
    return Client(rpc_of(chain_of(engine)))
