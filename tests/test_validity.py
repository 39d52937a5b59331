"""What can be said of a transaction before it runs; the table of refusals is in test_pyevm."""

from __future__ import annotations

import pytest

from twin.chain.port import AccountState, Transaction
from twin.chain.validity import check_alone, intrinsic_gas, least_gas
from twin.errors import InvalidTransaction

GAS = [
    ("a transfer", b"\1" * 20, b"", (), 21_000, 21_000),
    ("data", b"\1" * 20, b"\0\0\1", (), 21_024, 21_024),
    ("a creation", None, b"", (), 53_000, 53_000),
    ("initcode words (EIP-3860)", None, b"\0" * 33, (), 53_132, 53_136),
    ("an access list", b"\1" * 20, b"", ((b"\2" * 20, (1, 2)), (b"\3" * 20, ())), 29_600, 29_600),
]


@pytest.mark.parametrize(
    ("to", "data", "listed", "intrinsic", "least"), [g[1:] for g in GAS], ids=[g[0] for g in GAS]
)
def test_intrinsic_gas(
    to: bytes | None,
    data: bytes,
    listed: tuple[tuple[bytes, tuple[int, ...]], ...],
    intrinsic: int,
    least: int,
) -> None:
    tx = Transaction(b"\1" * 20, 0, to, 0, data, 0, 0, 0, b"", access_list=listed)
    assert (intrinsic_gas(tx), least_gas(tx)) == (intrinsic, least)


def test_a_later_nonce_and_an_empty_purse_may_wait() -> None:
    tx = Transaction(b"\1" * 20, 9, b"\2" * 20, 10**18, b"", 21_000, 5, 5, b"")
    check_alone(tx, AccountState(), gas_limit=21_000)
    with pytest.raises(InvalidTransaction, match="above the block's limit 20999"):
        check_alone(tx, AccountState(), gas_limit=20_999)
