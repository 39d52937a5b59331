"""Reading state tests: official ones of `ethereum/tests`, and what lock-step left behind.

A post of the fork Cancun is one case. Everything that is wrong in a file is told at once, each
with its line: a file that came from elsewhere is seldom wrong in one place only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from twin.chain.arbiter import Held
from twin.chain.arbiter_case import NOBODY, Case, Expected, ancestors
from twin.chain.codec import keccak
from twin.chain.port import BlockEnv, Transaction
from twin.chain.transactions import impersonated
from twin.errors import FileProblems, Problem

__all__ = ["read"]

_FORK = "Cancun"
_NAMED = ("data", "gas", "value")
"""What a post's indexes choose, and the transaction's lists are."""

Place = tuple[str | int, ...]


def read(path: FilePath) -> list[Case]:
    """Return the cases of the state tests in *path*; FileProblems says what is wrong where."""
    text = path.read_text("utf-8", errors="replace")
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        wrong = Problem(str(path), error.lineno, error.colno, f"not JSON: {error.msg}")
        raise FileProblems([wrong]) from error
    reader = _Reader()
    cases = list(reader.cases(body))
    if not cases and not reader.wrong:
        reader.say((), f"no post for {_FORK}, whose rules the twin runs")
    if reader.wrong:
        lines = _lines(text, reader.wrong)
        raise FileProblems(
            [Problem(str(path), *lines[place], message) for place, message in reader.wrong]
        )
    return cases


class _Reader:
    """One file; *wrong* holds (place, message) for each mistake, and reading goes on after it."""

    def __init__(self) -> None:
        self.wrong: list[tuple[Place, str]] = []

    def say(self, place: Place, message: str) -> None:
        where = ".".join(map(str, place))
        self.wrong.append((place, f"{where}: {message}" if where else message))

    # -- values

    def table(self, parent: Any, key: str | int, place: Place, *, must: bool = True) -> Any:
        """Return the mapping that *parent* holds as *key*, an empty one where it is none."""
        found = parent.get(key)
        if isinstance(found, dict):
            return found
        if found is not None:
            self.say((*place, key), "an object was expected")
        elif must:
            self.say(place, f"{key!r} is missing")
        return {}

    def rows(self, found: Any, place: Place) -> list[Any]:
        """Return *found* where it is a list, an empty one where it is none or not there."""
        if found is not None and not isinstance(found, list):
            self.say(place, "a list was expected")
        return found if isinstance(found, list) else []

    def number(
        self, parent: Any, key: str | int, place: Place, default: int | None = None, bits: int = 256
    ) -> int:
        """Return the integer that *parent* holds as *key*: hex behind `0x`, decimal, or JSON's."""
        found = self.value(parent, key, place, default)
        if isinstance(found, int) and not isinstance(found, bool):
            value = found
        else:
            try:
                value = int(found, 16 if found[:2] in {"0x", "0X"} else 10) if found else -1
            except (TypeError, ValueError):
                value = -1
        if 0 <= value < 1 << bits:
            return value
        if found is not None:
            self.say((*place, key), f"{found!r} is no integer of {bits} bits")
        return 0

    def data(
        self, parent: Any, key: str | int, place: Place, size: int = 0, default: str | None = None
    ) -> bytes:
        """Return the bytes, *size* of them where that is given, that *parent* holds as *key*."""
        found = self.value(parent, key, place, default)
        if found is None:
            return bytes(size)
        return self.bytes_of(found, (*place, key), size)

    def bytes_of(self, found: Any, place: Place, size: int = 0) -> bytes:
        """Return the bytes that the hex *found* says; those of a number may lack leading zeros."""
        try:
            value = bytes.fromhex(found.removeprefix("0x"))
        except (AttributeError, ValueError):
            self.say(place, f"{found!r} is no hex")
            return bytes(size)
        if size and len(value) != size:
            self.say(place, f"{len(value)} bytes, {size} were expected")
            return bytes(size)
        return value

    def value(self, parent: Any, key: str | int, place: Place, default: Any = None) -> Any:
        """Return what *parent* holds as *key*; *default*, or else a mistake, where it is not there."""
        try:
            return parent[key]
        except (KeyError, IndexError, TypeError):
            if default is None:
                self.say(place, f"{key!r} is missing")
            return default

    # -- a test

    def cases(self, body: Any) -> Iterator[Case]:
        """Yield each post for Cancun of each test."""
        if not isinstance(body, dict):
            self.say((), "an object of tests by name was expected")
            return
        for name in body:
            test = self.table(body, name, ())
            if not test:
                continue
            posts = self.table(test, "post", (name,)).get(_FORK)
            yield from self.test(name, test, self.rows(posts, (name, "post", _FORK)))

    def test(self, name: str, test: Any, posts: list[Any]) -> Iterator[Case]:
        """Yield the cases of one test; they share the block and the accounts."""
        if not posts:
            return
        env = self.env(test, name)
        alloc = {}
        for address in self.table(test, "pre", (name,)):
            alloc[self.bytes_of(address, (name, "pre", address), 20)] = self.held(
                test["pre"], address, (name, "pre")
            )
        info = test.get("_info")
        seen = info.get("observed") if isinstance(info, dict) else None
        observed = {str(k): str(v) for k, v in seen.items()} if isinstance(seen, dict) else {}
        for at in range(len(posts)):
            place: Place = (name, "post", _FORK, at)
            if not isinstance(posts[at], dict):
                self.say(place, "an object was expected")
                continue
            chosen = self.table(posts[at], "indexes", place)
            which = {key: self.number(chosen, key, (*place, "indexes"), bits=32) for key in _NAMED}
            tx = self.transaction(test, name, which, env)
            raw = self.data(posts[at], "txbytes", place, default="0x")
            if raw:
                tx = replace(tx, raw=raw, hash=keccak(raw))
            label = f"{name}/" + "-".join(str(which[key]) for key in _NAMED)
            yield Case(label, tx, env, alloc, self.expected(posts[at], place), observed)

    def env(self, test: Any, name: str) -> BlockEnv:
        """Return the block of *test*."""
        env, place = self.table(test, "env", (name,)), (name, "env")
        config = self.table(test, "config", (name,), must=False)
        chain = self.number(env, "currentChainID", place, 1, 64)
        number = self.number(env, "currentNumber", place, bits=64)
        random = self.number(env, "currentRandom", place, 0)
        info = self.table(test, "_info", (name,), must=False)
        known = self.table(info, "blockHashes", (name, "_info"), must=False)
        at: Place = (name, "_info", "blockHashes")
        hashes = {
            self.number({key: key}, key, at, bits=64): self.data(known, key, at, 32)
            for key in known
        }
        return BlockEnv(
            number,
            self.number(env, "currentTimestamp", place, bits=64),
            self.number(env, "currentBaseFee", place, 10),
            self.number(env, "currentGasLimit", place, bits=63),
            self.data(env, "currentCoinbase", place, 20),
            random.to_bytes(32, "big"),
            self.number(config, "chainid", (name, "config"), chain, 64),
            self.number(env, "currentExcessBlobGas", place, 0, 64),
            ancestors(number, hashes),
        )

    def held(self, pre: Any, address: str, place: Place) -> Held:
        """Return one account."""
        entry, place = self.table(pre, address, place), (*place, address)
        stored = self.table(entry, "storage", place, must=False)
        at = (*place, "storage")
        slots = {self.number({key: key}, key, at): self.number(stored, key, at) for key in stored}
        return Held(
            self.number(entry, "nonce", place, 0, 64),
            self.number(entry, "balance", place),
            self.data(entry, "code", place, default="0x"),
            {slot: value for slot, value in slots.items() if value},
        )

    def transaction(
        self, test: Any, name: str, which: Mapping[str, int], env: BlockEnv
    ) -> Transaction:
        """Return the transaction that *which* chooses from the lists."""
        body, place = self.table(test, "transaction", (name,)), (name, "transaction")
        if "maxFeePerBlobGas" in body or "blobVersionedHashes" in body:
            self.say(place, "blobs (EIP-4844): the twin's chain has none")
        listed = body.get("accessLists")
        chosen = self.value(listed, which["data"], (*place, "accessLists")) if listed else None
        kind = 2 if "maxFeePerGas" in body else 1 if listed else 0
        fee = self.number(body, "maxFeePerGas" if kind == 2 else "gasPrice", place)
        tip = self.number(body, "maxPriorityFeePerGas", place, 0) if kind == 2 else fee
        to = self.data(body, "to", place, 20) if body.get("to") else None
        tx = impersonated(
            self.sender(body, place),
            self.number(body, "nonce", place, bits=64),
            to,
            self.data(body.get("data"), which["data"], (*place, "data")),
            chain_id=env.chain_id,
            gas=self.number(body.get("gasLimit"), which["gas"], (*place, "gasLimit"), bits=64),
            max_fee=fee,
            tip=tip,
            value=self.number(body.get("value"), which["value"], (*place, "value")),
            access_list=tuple(self.access(chosen, (*place, "accessLists", which["data"]))),
        )
        return replace(tx, kind=kind)

    def access(self, chosen: Any, place: Place) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        """Yield the entries of an access list."""
        for at, entry in enumerate(self.rows(chosen, place)):
            where = (*place, at)
            keys = self.rows(self.value(entry, "storageKeys", where), (*where, "storageKeys"))
            numbers = [self.number(keys, k, (*where, "storageKeys")) for k in range(len(keys))]
            yield self.data(entry, "address", where, 20), tuple(numbers)

    def sender(self, body: Any, place: Place) -> bytes:
        """Return who sends: as the file says, or whose key it gives."""
        if body.get("sender"):
            return self.data(body, "sender", place, 20)
        if "secretKey" not in body:
            self.say(place, "'sender' is missing, and so is 'secretKey'")
            return bytes(20)
        from coincurve import PrivateKey

        key = self.data(body, "secretKey", place, 32)
        try:
            public = PrivateKey(key).public_key.format(compressed=False)
        except ValueError:
            self.say((*place, "secretKey"), "no key of secp256k1")
            return bytes(20)
        return keccak(public[1:])[12:]

    def expected(self, post: Any, place: Place) -> Expected | None:
        """Return what must come of it, or None where the post is lock-step's and not judged."""
        root, logs = (self.data(post, key, place, 32) for key in ("hash", "logs"))
        return (
            None if root == NOBODY else Expected(root, logs, str(post.get("expectException") or ""))
        )


def _lines(text: str, wrong: Iterable[tuple[Place, str]]) -> dict[Place, tuple[int, int]]:
    """Return line and column of each place, or of the nearest thing around it that is there.

    JSON's own parser keeps no places; YAML's does, and JSON is YAML.
    """
    import yaml

    try:
        top = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        top = None  # it holds what JSON may and YAML may not, like half a character
    return {place: _line(top, place) for place, _ in wrong}


def _line(node: Any, place: Place) -> tuple[int, int]:
    """Return line and column of *place* below the YAML *node*."""
    mark = getattr(node, "start_mark", None)
    for step in place:
        kind, found = getattr(node, "id", ""), None
        if kind == "sequence" and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        elif kind == "mapping":
            found = next((pair for pair in node.value if pair[0].value == step), None)
        if found is None:
            break
        mark, node = found[0].start_mark, found[1]
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
