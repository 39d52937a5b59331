"""State tests as files: what is written is read back, and what is wrong is told with its line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import chain_lab as lab
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.chain.arbiter import Held, Outcome, logs_hash
from twin.chain.arbiter_case import Case, Expected, ancestors, as_state_test
from twin.chain.arbiter_file import read
from twin.chain.codec import keccak
from twin.chain.port import Log, Transaction
from twin.errors import FileProblems

TX = Transaction(
    lab.ALICE, 3, lab.CODE, 5, b"\1\2", 90_000, 9, 4, b"h" * 32, ((lab.BOB, (0, 2**255)), (lab.CODE, ())),
)  # fmt: skip
ALLOC = {
    lab.ALICE: Held(3, lab.ETHER),
    lab.CODE: Held(1, 0, lab.COUNTER, {0: 41, 2**255: 2**256 - 1}),
}
CASE = Case("a case", TX, lab.ENV, ALLOC)
SPEC = Outcome(
    success=True, gas_used=30_000, logs=(Log(lab.CODE, (b"t" * 32,), b"d"),), root=b"r" * 32
)


def written(case: Case, place: Path, **more: Any) -> list[Case]:
    fields: dict[str, Any] = {"hashes": {}, "outcomes": {}, "spec": None, **more}
    place.write_text(as_state_test(case, **fields), "utf-8")
    return read(place)


FORMS = [
    ("fees", TX),
    ("access list", replace(TX, kind=1, max_fee=9, tip=9)),
    ("legacy", replace(TX, kind=0, max_fee=9, tip=9, access_list=())),
    ("creation", replace(TX, to=None, data=b"\xfe" * 40)),
    ("signed", replace(TX, raw=b"\2abc", hash=keccak(b"\2abc"))),
]


@pytest.mark.parametrize("tx", [row[1] for row in FORMS], ids=[row[0] for row in FORMS])
def test_what_is_written_is_read_back(tx: Transaction, tmp_path: Path) -> None:
    (case,) = written(replace(CASE, tx=tx), tmp_path / "a.json", spec=SPEC)
    assert replace(case.tx, hash=tx.hash) == tx
    assert tx.raw is None or case.tx.hash == tx.hash
    assert case.alloc == ALLOC
    assert case.env == replace(lab.ENV, parent_hashes=ancestors(5, {}))
    assert case.expected == Expected(SPEC.root, logs_hash(SPEC.logs))
    assert case.name == "a case/0-0-0"


def test_what_engines_said_and_the_hashes_of_blocks_stand_in_the_file(tmp_path: Path) -> None:
    outcomes = {"pyevm": SPEC, "revm": Outcome(refused="no")}
    (case,) = written(CASE, tmp_path / "a.json", outcomes=outcomes, hashes={3: b"\3" * 32})
    assert case.observed == {"pyevm": replace(SPEC, root=b"").words(), "revm": "refused: no"}
    assert case.env.parent_hashes == ancestors(5, {3: b"\3" * 32})
    assert case.env.parent_hashes[1] == b"\3" * 32
    assert case.expected is None


def test_a_refusal_is_expected(tmp_path: Path) -> None:
    spec = Outcome(refused="NonceMismatchError: nonce too low", root=b"r" * 32)
    (case,) = written(CASE, tmp_path / "a.json", spec=spec)
    assert case.expected is not None
    assert case.expected.refused == spec.refused


@given(
    number=st.integers(0, 600),
    known=st.dictionaries(st.integers(0, 600), st.binary(min_size=32, max_size=32)),
)
def test_the_ancestors_of_a_block(number: int, known: dict[int, bytes]) -> None:
    found = ancestors(number, known)
    assert len(found) == min(number, 256)
    for depth, block_hash in enumerate(found):
        block = number - 1 - depth
        assert block_hash == known.get(block, keccak(str(block).encode()))


SECRET = "0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8"
OFFICIAL = {
    "env": {
        "currentCoinbase": "0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba",
        "currentGasLimit": "0x05f5e100",
        "currentNumber": "1",
        "currentTimestamp": 1000,
    },
    "pre": {},
    "transaction": {
        "data": ["0x", "0x01"],
        "gasLimit": ["0x04c4b400"],
        "gasPrice": "0x0a",
        "nonce": "0x00",
        "secretKey": SECRET,
        "to": "",
        "value": ["0x00", "0x01"],
    },
    "post": {
        "Berlin": [],
        "Cancun": [
            {"hash": "0x" + "11" * 32, "logs": "0x" + "22" * 32,
             "indexes": {"data": 1, "gas": 0, "value": value}}
            for value in (0, 1)
        ],
    },
}  # fmt: skip


def at(body: Any, place: str, value: object) -> Any:
    """Return a copy of *body* with *value* at the dotted *place*; None removes it."""
    copy = json.loads(json.dumps(body))
    *path, last = place.split(".")
    inner = copy
    for step in path:
        inner = inner[int(step) if isinstance(inner, list) else step]
    if value is None:
        del inner[last]
    else:
        inner[int(last) if isinstance(inner, list) else last] = value
    return copy


def test_an_official_test_has_a_case_for_each_post_of_cancun(tmp_path: Path) -> None:
    place = tmp_path / "official.json"
    place.write_text(json.dumps({"t": OFFICIAL, "other": {"post": {"Berlin": []}}}), "utf-8")
    first, second = read(place)
    assert first.tx.sender.hex() == "a94f5374fce5edbc8e2a8697c15331677e6ebf0b"  # of the key
    assert (first.tx.to, first.tx.data, first.tx.kind) == (None, b"\1", 0)
    assert (first.tx.value, second.tx.value) == (0, 1)
    assert (first.name, second.name) == ("t/1-0-0", "t/1-0-1")
    assert (first.env.base_fee, first.env.chain_id, first.env.timestamp) == (10, 1, 1000)


MISTAKES: list[tuple[str, Any, int, str]] = [
    ("env.currentNumber", "0xzz", 6, "t.env.currentNumber: '0xzz' is no integer of 64 bits"),
    ("env.currentNumber", None, 3, "t.env: 'currentNumber' is missing"),
    ("env", 5, 3, "t.env: an object was expected"),
    ("env.currentCoinbase", "0x12", 4, "t.env.currentCoinbase: 1 bytes, 20 were expected"),
    ("env.currentCoinbase", [], 4, "t.env.currentCoinbase: [] is no hex"),
    ("pre", {"0x01": {"balance": "1"}}, 10, "t.pre.0x01: 1 bytes, 20 were expected"),
    ("pre", {"0x" + "01" * 20: {}}, 10, "'balance' is missing"),
    ("transaction.nonce", "-1", 19, "t.transaction.nonce: '-1' is no integer of 64 bits"),
    ("transaction.nonce", True, 19, "t.transaction.nonce: True is no integer of 64 bits"),
    ("transaction.value", ["0x:bigint 0x1"], 23, "t.transaction.value.0: '0x:bigint 0x1' is no"),
    ("transaction.secretKey", "0x" + "00" * 32, 20, "secretKey: no key of secp256k1"),
    ("transaction.secretKey", None, 10, "'sender' is missing, and so is 'secretKey'"),
    ("transaction.maxFeePerBlobGas", "1", 10, "blobs (EIP-4844): the twin's chain has none"),
    ("transaction.accessLists", [[], [{"address": "0x"}]], 29, "'storageKeys' is missing"),
    ("transaction.accessLists", [[], 5], 28, "t.transaction.accessLists.1: a list was expected"),
    ("post.Cancun.0.indexes.data", 7, 11, "t.transaction.data: 7 is missing"),
    ("post.Cancun.0", 7, 30, "t.post.Cancun.0: an object was expected"),
    ("post.Cancun", 7, 29, "t.post.Cancun: a list was expected"),
    ("post.Cancun.1.hash", None, 39, "t.post.Cancun.1: 'hash' is missing"),
    ("post.Cancun", [], 1, "no post for Cancun, whose rules the twin runs"),
]


@pytest.mark.parametrize(("place", "value", "line", "said"), MISTAKES)
def test_a_mistake_is_told_with_its_line(
    place: str, value: object, line: int, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps({"t": at(OFFICIAL, place, value)}, indent=1), "utf-8")
    with pytest.raises(FileProblems) as caught:
        read(file)
    assert caught.value.exit_code == 2
    found = {(problem.line, problem.message) for problem in caught.value.problems}
    assert any(said in message for _, message in found), found
    assert any(said in message and at_line == line for at_line, message in found), found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    body = at(at(OFFICIAL, "env.currentNumber", "x"), "transaction.gasPrice", "y")
    file = tmp_path / "bad.json"
    file.write_text(json.dumps({"t": body}, indent=1), "utf-8")
    with pytest.raises(FileProblems) as caught:
        read(file)
    assert len({problem.line for problem in caught.value.problems}) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "bad.json:1:2: not JSON: Expecting property name"),
        ("", "bad.json:1:1: not JSON: Expecting value"),
        ("[]", "bad.json:1:1: an object of tests by name was expected"),
        ("{}", "bad.json:1:1: no post for Cancun"),
        ('{"a": 5}', "bad.json:1:2: a: an object was expected"),
    ],
)
def test_what_is_no_state_test(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text, "utf-8")
    with pytest.raises(FileProblems) as caught:
        read(file)
    assert said in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("0x01"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [
    "env", "env.currentNumber", "pre", "transaction", "transaction.data", "transaction.value.0",
    "transaction.to", "transaction.accessLists", "transaction.sender", "post", "post.Cancun",
    "post.Cancun.0", "post.Cancun.0.indexes", "post.Cancun.0.indexes.gas", "_info", "config",
    "_info.blockHashes", "_info.observed",
]  # fmt: skip


@given(place=st.sampled_from(PLACES), value=JSON)
def test_anything_anywhere_is_read_or_refused(place: str, value: object, tmp_path: Path) -> None:
    body = {**OFFICIAL, "_info": {}}
    file = tmp_path / "any.json"
    file.write_text(json.dumps({"t": at(body, place, value if value is not None else 0)}), "utf-8")
    cases: list[Case] = []
    lines: list[int] = []
    try:
        cases = read(file)
    except FileProblems as wrong:
        lines = [problem.line for problem in wrong.problems]
    assert bool(cases) != bool(lines)
    assert all(line >= 1 for line in lines)
