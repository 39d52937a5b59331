"""Transaction semantics, on every engine that can be made here; gas figures are the EIPs'."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import chain_lab as lab
import pytest

from twin.chain.codec import contract_address, keccak
from twin.chain.engines import available, make_engine
from twin.chain.port import AccountChange, AccountState, BlockEnv, Call, Engine, Log
from twin.errors import ChainError, InvalidTransaction

ALICE, BOB, CAROL, CODE = lab.ALICE, lab.BOB, lab.CAROL, lab.CODE
GWEI, ETHER = lab.GWEI, lab.ETHER
EMPTY = keccak(b"")


@pytest.fixture(params=available())
def engine(request: pytest.FixtureRequest) -> Engine:
    return lab.fresh(request.param)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


# -- money


def test_a_transfer_moves_value_burns_the_base_fee_and_pays_the_tip(engine: Engine) -> None:
    done = lab.run(engine, CAROL, value=5, gas=21_000, max_fee=10 * GWEI, tip=GWEI // 2)
    assert (done.success, done.gas_used, done.output, done.logs) == (True, 21_000, b"", ())
    assert engine.account(CAROL).balance == 5
    assert engine.account(lab.COINBASE).balance == 21_000 * GWEI // 2
    assert engine.account(ALICE) == AccountState(1, 100 * ETHER - 5 - 21_000 * GWEI * 3 // 2)


def test_the_fee_cap_limits_the_tip(engine: Engine) -> None:
    lab.run(engine, CAROL, gas=21_000, max_fee=GWEI + 3, tip=GWEI)
    assert engine.account(lab.COINBASE).balance == 21_000 * 3


def test_the_sender_may_be_the_coinbase(engine: Engine) -> None:
    engine.begin_block(replace(lab.ENV, coinbase=ALICE))
    lab.run(engine, CAROL, value=1, gas=21_000)
    assert engine.account(ALICE).balance == 100 * ETHER - 1 - 21_000 * GWEI


def test_an_untouched_coinbase_stays_absent(engine: Engine) -> None:
    lab.run(engine, CAROL, gas=21_000, max_fee=GWEI, tip=0)
    assert list(engine.accounts()) == [ALICE, BOB]


def test_failed_code_keeps_the_fee_and_gives_back_the_value(engine: Engine) -> None:
    lab.put(engine, lab.asm("1 PUSH0 SSTORE INVALID"))
    done = lab.run(engine, CODE, value=ETHER, gas=50_000)
    assert (done.success, done.gas_used, done.output) == (False, 50_000, b"")
    assert engine.account(ALICE) == AccountState(1, 100 * ETHER - 50_000 * 2 * GWEI)
    assert engine.storage(CODE, 0) == 0


def test_a_revert_returns_its_payload_and_the_rest_of_the_gas(engine: Engine) -> None:
    lab.put(engine, lab.asm("0xdead PUSH0 MSTORE 2 30 REVERT"))
    done = lab.run(engine, CODE, gas=100_000)
    assert (done.success, done.output, done.gas_used) == (
        False,
        b"\xde\xad",
        21_000 + 2 + 6 + 3 + 6,
    )


# -- validity

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("nonce too low", {"nonce": 0}, "nonce too low: 0, the account is at 1"),
    ("nonce too high", {"nonce": 2}, "nonce too high: 2, the account is at 1"),
    ("cap below base fee", {"max_fee": GWEI - 1, "tip": 0}, "below the base fee"),
    ("tip above cap", {"max_fee": 2 * GWEI, "tip": 2 * GWEI + 1}, "above the fee cap"),
    ("funds", {"value": 100 * ETHER}, "insufficient funds"),
    ("funds for gas", {"max_fee": 10**15, "gas": 10**6}, "insufficient funds"),
    ("intrinsic", {"gas": 20_999}, "below the intrinsic 21000"),
    ("intrinsic data", {"gas": 21_019, "data": b"\0\1"}, "below the intrinsic 21020"),
    ("block limit", {"gas": 30_000_001}, "above the block's limit"),
    ("initcode size", {"to": None, "data": bytes(49_153), "gas": 10**7}, "at most 49152"),
    ("initcode words", {"to": None, "data": bytes(33), "gas": 53_135}, "the intrinsic 53136"),
    ("access list", {"access_list": ((BOB, (1,)),), "gas": 25_299}, "the intrinsic 25300"),
]


@pytest.mark.parametrize(
    ("fields", "reason"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_no_block_may_hold_is_refused_and_changes_nothing(
    engine: Engine, fields: dict[str, Any], reason: str
) -> None:
    lab.run(engine, CAROL)
    before = engine.dump()
    merged = {"to": CAROL, **fields}
    with pytest.raises(InvalidTransaction, match=reason):
        lab.run(engine, merged.pop("to"), merged.pop("data", b""), **merged)
    assert engine.dump() == before


def test_a_sender_with_code_is_refused(engine: Engine) -> None:
    lab.put(engine, b"\0", ALICE)
    with pytest.raises(InvalidTransaction, match="EIP-3607"):
        lab.run(engine, CAROL)


def test_the_last_nonce_is_refused(engine: Engine) -> None:
    engine.set_account(ALICE, AccountState(2**64 - 1, ETHER))
    with pytest.raises(InvalidTransaction, match="EIP-2681"):
        lab.run(engine, CAROL)


# -- gas

ONCE = 21_000
GAS: list[tuple[str, str, dict[int, int], int]] = [
    ("cold and warm SLOAD", "PUSH0 SLOAD PUSH0 SLOAD", {}, 2 + 2_100 + 2 + 100),
    ("SSTORE sets", "1 PUSH0 SSTORE", {}, 5 + 2_100 + 20_000),
    ("SSTORE changes", "2 PUSH0 SSTORE", {0: 1}, 5 + 2_100 + 2_900),
    ("SSTORE keeps", "1 PUSH0 SSTORE", {0: 1}, 5 + 2_100 + 100),
    ("cold and warm BALANCE", "0xb0 BALANCE 0xb0 BALANCE", {}, 3 + 2_600 + 3 + 100),
    ("the coinbase is warm", "COINBASE BALANCE", {}, 2 + 100),
    ("precompiles are warm", "4 BALANCE", {}, 3 + 100),
    ("oneself is warm", "ADDRESS BALANCE", {}, 2 + 100),
    ("memory", "1 0xffe0 MSTORE", {}, 9 + 3 * 2048 + 2048 * 2048 // 512),
    ("TSTORE and TLOAD", "1 PUSH0 TSTORE PUSH0 TLOAD", {}, 5 + 100 + 2 + 100),
    ("KECCAK256 of two words", "64 PUSH0 KECCAK256", {}, 5 + 30 + 12 + 6),
    ("EXP of two bytes", "0x100 2 EXP", {}, 6 + 10 + 100),
]


@pytest.mark.parametrize(
    ("code", "slots", "gas"), [row[1:] for row in GAS], ids=[r[0] for r in GAS]
)
def test_gas_of_instructions(engine: Engine, code: str, slots: dict[int, int], gas: int) -> None:
    lab.put(engine, lab.asm(code), slots=slots)
    assert lab.run(engine, CODE).gas_used == ONCE + gas


def test_clearing_storage_refunds_but_a_fifth_at_most(engine: Engine) -> None:
    lab.put(engine, lab.asm("PUSH0 PUSH0 SSTORE"), slots={0: 1})
    assert lab.run(engine, CODE).gas_used == ONCE + 4 + 5_000 - 4_800
    many = " ".join(f"PUSH0 {slot} SSTORE" for slot in range(1, 11))
    lab.put(engine, lab.asm(many), slots=dict.fromkeys(range(1, 11), 1))
    spent = ONCE + 10 * 5_005
    assert lab.run(engine, CODE).gas_used == spent - spent // 5


def test_a_slot_set_and_cleared_in_one_transaction_gives_most_back(engine: Engine) -> None:
    lab.put(engine, lab.asm("1 PUSH0 SSTORE PUSH0 PUSH0 SSTORE"))
    spent = ONCE + 5 + 22_100 + 4 + 100
    assert lab.run(engine, CODE).gas_used == spent - min(19_900, spent // 5)


def test_sstore_needs_more_than_the_stipend(engine: Engine) -> None:
    lab.put(engine, lab.asm("1 PUSH0 SSTORE"), slots={0: 1})
    assert not lab.run(engine, CODE, gas=ONCE + 5 + 2_300).success
    assert lab.run(engine, CODE, gas=ONCE + 5 + 2_301).success


def test_an_access_list_warms_what_it_names(engine: Engine) -> None:
    lab.put(engine, lab.asm("7 SLOAD 0xb0 BALANCE"))
    listed = ((CODE, (7,)), (bytes(19) + b"\xb0", ()))
    done = lab.run(engine, CODE, access_list=listed)
    assert done.gas_used == ONCE + 2 * 2_400 + 1_900 + 3 + 100 + 3 + 100


def test_warmth_ends_with_the_transaction(engine: Engine) -> None:
    lab.put(engine, lab.asm("PUSH0 SLOAD"))
    assert [lab.run(engine, CODE).gas_used for _ in range(2)] == [ONCE + 2_102] * 2


def test_warmth_is_taken_back_with_a_reverted_call(engine: Engine) -> None:
    inner = lab.put(engine, lab.asm("0xb0 BALANCE PUSH0 PUSH0 REVERT"), BOB)
    call = f"PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 0x{inner.hex()} GAS CALL POP"
    lab.put(engine, lab.asm(f"{call} 0xb0 BALANCE"))
    spent = 5 * 2 + 3 + 2 + 2_600 + (3 + 2_600 + 4) + 2 + 3 + 2_600
    assert lab.run(engine, CODE).gas_used == ONCE + spent


def test_the_original_value_of_a_slot_is_that_before_the_transaction(engine: Engine) -> None:
    lab.put(engine, lab.asm("CALLVALUE PUSH0 SSTORE 5 PUSH0 SSTORE"), slots={0: 5})
    done = lab.run(engine, CODE, value=9)  # 5 -> 9 -> 5: back to the original
    spent = ONCE + 4 + 5_000 + 5 + 100
    assert done.gas_used == spent - 2_800


# -- what lasts how long


def test_transient_storage_is_clear_in_the_next_transaction(engine: Engine) -> None:
    lab.put(engine, lab.asm("PUSH0 TLOAD 1 ADD DUP1 PUSH0 TSTORE PUSH0 MSTORE 32 PUSH0 RETURN"))
    assert [lab.run(engine, CODE).output for _ in range(2)] == [word(1)] * 2


def test_logs_come_in_order_with_topics_and_none_from_what_reverted(engine: Engine) -> None:
    inner = lab.put(engine, lab.asm("3 PUSH0 PUSH0 LOG1 PUSH0 PUSH0 REVERT"), BOB)
    call = f"PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 0x{inner.hex()} GAS CALL POP"
    lab.put(engine, lab.asm(f"0xab PUSH0 MSTORE8 2 1 1 PUSH0 LOG2 {call} PUSH0 PUSH0 LOG0"))
    assert lab.run(engine, CODE).logs == (
        Log(CODE, (word(1), word(2)), b"\xab"),
        Log(CODE, (), b""),
    )


# -- creation and destruction


def test_creation_puts_code_at_the_address_of_sender_and_nonce(engine: Engine) -> None:
    data = lab.creation(lab.COUNTER, "7 PUSH0 SSTORE")
    done = lab.run(engine, None, data, value=3)
    assert done.success
    assert done.created == contract_address(ALICE, 0)
    assert engine.account(done.created) == AccountState(1, 3, lab.COUNTER)
    assert engine.storage(done.created, 0) == 7
    zeros = data.count(0)
    words = (len(data) + 31) // 32
    intrinsic = 53_000 + 4 * zeros + 16 * (len(data) - zeros) + 2 * words
    assert done.gas_used > intrinsic + 22_100 + 200 * len(lab.COUNTER)


CREATIONS: list[tuple[str, bytes]] = [
    ("code that starts with 0xEF (EIP-3541)", lab.asm("0xef PUSH0 MSTORE8 1 PUSH0 RETURN")),
    ("code above 24,576 bytes (EIP-170)", lab.asm("24577 PUSH0 RETURN")),
    ("a failing constructor", lab.asm("INVALID")),
]


@pytest.mark.parametrize("data", [row[1] for row in CREATIONS], ids=[r[0] for r in CREATIONS])
def test_a_creation_that_fails_leaves_nothing(engine: Engine, data: bytes) -> None:
    done = lab.run(engine, None, data, gas=10**7)
    assert (done.success, done.created, done.gas_used) == (False, None, 10**7)
    assert engine.account(contract_address(ALICE, 0)) == AccountState()
    assert engine.account(ALICE).nonce == 1


def test_a_creation_on_a_taken_address_burns_all_gas(engine: Engine) -> None:
    lab.put(engine, b"\0", contract_address(ALICE, 0))
    done = lab.run(engine, None, lab.creation(b"\0"), gas=200_000)
    assert (done.success, done.gas_used, done.created) == (False, 200_000, None)


def test_create2_puts_code_at_the_address_of_its_hash(engine: Engine) -> None:
    inner = lab.creation(b"\0")
    store = f"0x{inner.ljust(32, bytes(1)).hex()} PUSH0 MSTORE"
    lab.put(engine, lab.returns(f"{store} 5 {len(inner)} PUSH0 PUSH0 CREATE2"))
    done = lab.run(engine, CODE)
    expected = keccak(b"\xff" + CODE + word(5) + keccak(inner))[12:]
    assert done.output == bytes(12) + expected
    assert engine.account(expected) == AccountState(1, 0, b"\0")
    assert lab.run(engine, CODE).output == word(0)  # taken


def test_selfdestruct_moves_the_balance_but_keeps_an_old_contract(engine: Engine) -> None:
    lab.put(engine, lab.asm(f"0x{CAROL.hex()} SELFDESTRUCT"))
    assert lab.run(engine, CODE, value=9).success
    assert engine.account(CAROL).balance == 9
    assert (engine.account(CODE).balance, engine.account(CODE).nonce) == (0, 1)


def test_selfdestruct_deletes_a_contract_of_the_same_transaction(engine: Engine) -> None:
    data = lab.asm(f"1 PUSH0 SSTORE 0x{CAROL.hex()} SELFDESTRUCT")
    done = lab.run(engine, None, data, value=9)
    assert done.success
    assert engine.account(CAROL).balance == 9
    assert engine.account(contract_address(ALICE, 0)) == AccountState()
    assert engine.storage(contract_address(ALICE, 0), 0) == 0


def test_selfdestruct_of_a_new_contract_to_itself_burns(engine: Engine) -> None:
    assert lab.run(engine, None, lab.asm("ADDRESS SELFDESTRUCT"), value=9).success
    assert engine.account(contract_address(ALICE, 0)) == AccountState()


# -- the environment

SEEN: list[tuple[str, str, int]] = [
    ("NUMBER", "NUMBER", 5),
    ("TIMESTAMP", "TIMESTAMP", lab.START),
    ("BASEFEE", "BASEFEE", GWEI),
    ("GASPRICE", "GASPRICE", 2 * GWEI),
    ("GASLIMIT", "GASLIMIT", 30_000_000),
    ("CHAINID", "CHAINID", lab.CHAIN),
    ("PREVRANDAO", "PREVRANDAO", int.from_bytes(lab.ENV.prevrandao, "big")),
    ("COINBASE", "COINBASE", int.from_bytes(lab.COINBASE, "big")),
    ("ORIGIN", "ORIGIN", int.from_bytes(ALICE, "big")),
    ("CALLER", "CALLER", int.from_bytes(ALICE, "big")),
    ("ADDRESS", "ADDRESS", int.from_bytes(CODE, "big")),
    ("CALLVALUE", "CALLVALUE", 3),
    ("SELFBALANCE", "SELFBALANCE", 3),
    ("BLOBBASEFEE", "BLOBBASEFEE", 1),
    ("BLOCKHASH of the parent", "4 BLOCKHASH", int.from_bytes(b"\1" * 32, "big")),
    ("BLOCKHASH of the first", "PUSH0 BLOCKHASH", int.from_bytes(b"\5" * 32, "big")),
    ("BLOCKHASH of itself", "5 BLOCKHASH", 0),
    ("CALLDATASIZE", "CALLDATASIZE", 3),
    ("CALLDATALOAD past the end", "1 CALLDATALOAD", 0x0203 << 240),
]


@pytest.mark.parametrize(("code", "value"), [row[1:] for row in SEEN], ids=[r[0] for r in SEEN])
def test_what_code_sees(engine: Engine, code: str, value: int) -> None:
    lab.put(engine, lab.returns(code))
    assert lab.run(engine, CODE, b"\1\2\3", value=3).output == word(value)


def test_modexp_takes_an_empty_base_for_zero(engine: Engine) -> None:
    five = bytes(19) + b"\5"
    empty_to_zero = word(0) + word(0) + word(2) + b"\0\7"
    empty_to_two = word(0) + word(1) + word(2) + b"\2\0\7"
    assert engine.call(Call(five, empty_to_zero)).data == b"\0\1"
    assert engine.call(Call(five, empty_to_two)).data == b"\0\0"


# -- calls


def test_a_call_answers_and_changes_nothing(engine: Engine) -> None:
    lab.put(engine, lab.COUNTER, slots={0: 41})
    engine.drain_changes()
    before = engine.dump()
    answer = engine.call(Call(CODE, b"", sender=CAROL))
    assert (answer.success, answer.data) == (True, word(42))
    assert engine.dump() == before
    assert engine.drain_changes() == {}
    assert answer.gas_used == lab.run(engine, CODE).gas_used


def test_a_call_sees_gas_price_zero_and_the_base_fee(engine: Engine) -> None:
    lab.put(engine, lab.returns("GASPRICE BASEFEE ADD"))
    assert engine.call(Call(CODE, b"")).data == word(GWEI)


def test_a_call_that_reverts_gives_the_payload(engine: Engine) -> None:
    lab.put(engine, lab.asm("0xdead PUSH0 MSTORE 2 30 REVERT"))
    answer = engine.call(Call(CODE, b""))
    assert (answer.success, answer.data) == (False, b"\xde\xad")


def test_a_call_needs_the_balance_for_its_value_and_the_intrinsic_gas(engine: Engine) -> None:
    with pytest.raises(InvalidTransaction, match="insufficient funds"):
        engine.call(Call(BOB, b"", sender=CAROL, value=1))
    with pytest.raises(InvalidTransaction, match="intrinsic"):
        engine.call(Call(BOB, b"", gas=20_999))


def test_a_call_creates_where_it_names_no_one(engine: Engine) -> None:
    answer = engine.call(Call(None, lab.creation(lab.COUNTER), sender=ALICE))
    assert (answer.success, answer.data) == (True, lab.COUNTER)
    assert answer.gas_used == lab.run(engine, None, lab.creation(lab.COUNTER)).gas_used


def test_a_call_runs_in_another_environment_and_leaves_the_block_as_it_was(engine: Engine) -> None:
    lab.put(engine, lab.returns("NUMBER"))
    other = replace(lab.ENV, number=99)
    assert engine.call(Call(CODE, b""), env=other).data == word(99)
    assert lab.run(engine, CODE).output == word(5)


def test_a_call_on_a_snapshot_sees_that_state(engine: Engine) -> None:
    lab.put(engine, lab.COUNTER)
    engine.drain_changes()
    old = engine.snapshot()
    lab.run(engine, CODE)
    late = engine.snapshot()
    lab.run(engine, CODE)
    before = engine.dump()
    assert engine.call(Call(CODE, b""), snapshot=old).data == word(1)
    assert engine.call(Call(CODE, b""), snapshot=late).data == word(2)
    assert engine.call(Call(CODE, b"")).data == word(3)
    assert engine.dump() == before
    assert engine.drain_changes()[CODE].storage == {0: 2}


# -- snapshots and changes


def test_reverting_goes_back_and_the_snapshot_stays_valid(engine: Engine) -> None:
    lab.put(engine, lab.COUNTER)
    before = engine.dump()
    handle = engine.snapshot()
    for _ in range(2):
        lab.run(engine, CODE)
        assert engine.dump() != before
        engine.revert(handle)
        assert engine.dump() == before


@pytest.mark.parametrize("lose", ["revert", "forget"])
def test_a_lost_snapshot_is_refused(engine: Engine, lose: str) -> None:
    first, second = engine.snapshot(), engine.snapshot()
    if lose == "revert":
        engine.revert(first)
    else:
        engine.forget(second)
    with pytest.raises(ChainError, match=f"no snapshot {second}"):
        engine.revert(second)
    engine.revert(first)


def test_changes_are_net_sorted_and_told_once(engine: Engine) -> None:
    lab.put(engine, lab.asm("CALLVALUE PUSH0 SSTORE"), slots={0: 1, 1: 2})
    engine.drain_changes()
    lab.run(engine, CODE, value=8)
    lab.run(engine, CODE, value=1)  # slot 0 is back to 1
    engine.set_account(b"\xff" * 20, AccountState(balance=1))
    engine.set_account(b"\xff" * 20, AccountState())
    changes = engine.drain_changes()
    assert list(changes) == sorted([ALICE, CODE, lab.COINBASE])
    code = engine.account(CODE)
    assert changes[CODE] == AccountChange(1, 9, keccak(code.code), {})
    assert changes[ALICE].nonce == 2
    assert engine.drain_changes() == {}


def test_changes_tell_of_deletion(engine: Engine) -> None:
    lab.put(engine, b"\0", slots={0: 1})
    engine.drain_changes()
    engine.set_account(CODE, AccountState())
    assert engine.drain_changes() == {CODE: AccountChange(0, 0, EMPTY, {}, deleted=True)}


def test_changes_after_a_revert_count_from_the_snapshot(engine: Engine) -> None:
    handle = engine.snapshot()
    lab.run(engine, CAROL, value=1)
    engine.drain_changes()
    engine.revert(handle)
    assert engine.drain_changes() == {}
    lab.run(engine, CAROL, value=2)
    assert engine.drain_changes()[CAROL].balance == 2


def test_changes_survive_the_trimming_of_old_snapshots(engine: Engine) -> None:
    for value in range(1, 3_000):
        handle = engine.snapshot()
        lab.run(engine, CAROL, value=value)
        assert engine.drain_changes()[CAROL].balance == value * (value + 1) // 2
        engine.forget(handle)
    assert engine.account(ALICE).nonce == 2_999


# -- the outside


def test_an_engine_refuses_another_chain(engine: Engine) -> None:
    with pytest.raises(ChainError, match="chain id 8"):
        engine.begin_block(replace(lab.ENV, chain_id=8))


@pytest.mark.parametrize("name", available())
def test_an_engine_refuses_work_without_a_block(name: str) -> None:
    engine = make_engine(name, chain_id=lab.CHAIN)
    with pytest.raises(ChainError, match="begin_block"):
        lab.run(engine, CAROL)


def test_a_failure_of_the_environment_undoes_the_transaction() -> None:
    """A hash that cannot be had breaks the transaction, not the state."""

    class Unreadable(tuple[bytes, ...]):
        __slots__ = ()

        def __getitem__(self, _place: object) -> Any:
            raise ChainError("unreadable")

    env: BlockEnv = replace(lab.ENV, parent_hashes=Unreadable((bytes(32),) * 5))
    engine = lab.fresh(env=env)
    lab.put(engine, lab.asm("1 PUSH0 SSTORE 4 BLOCKHASH"))
    before = engine.dump()
    with pytest.raises(ChainError, match="unreadable"):
        lab.run(engine, CODE)
    assert engine.dump() == before
    engine.begin_block(lab.ENV)
    assert lab.run(engine, CODE).success


def test_dump_and_accounts_are_sorted_and_complete(engine: Engine) -> None:
    lab.put(engine, b"\1", slots={2: 3, 1: 2})
    assert list(engine.accounts()) == sorted([ALICE, BOB, CODE])
    dump = engine.dump()
    assert list(dump) == ["0x" + a.hex() for a in engine.accounts()]
    assert dump["0x" + CODE.hex()] == {
        "balance": "0x0",
        "nonce": "0x1",
        "code": "0x01",
        "storage": {
            "0x" + word(1).hex(): "0x" + word(2).hex(),
            "0x" + word(2).hex(): "0x" + word(3).hex(),
        },
    }
