"""Key shares: any quorum gives the key, fewer give nothing, the manifest holds no share."""

from __future__ import annotations

from itertools import combinations

import pytest

from twin.errors import NoData, UnknownName
from twin.protocol.roles import account_of
from twin.services.escrow import ORDER, Escrow, combine, split

HOLDERS = ("a", "b", "c", "d", "e")


def test_any_quorum_restores_the_secret_and_fewer_do_not() -> None:
    points = split(123_456_789, (987_654_321, ORDER - 5), shares=5)
    for chosen in combinations(points.items(), 3):
        assert combine(dict(chosen)) == 123_456_789
    assert combine(dict(list(points.items())[:2])) != 123_456_789


def test_the_escrow_restores_the_address_until_too_many_shares_are_lost() -> None:
    escrow = Escrow(("pauser", "issuer"), holders=HOLDERS, quorum=3, seed=7)
    assert escrow.recover("pauser") == account_of("pauser")
    escrow.lose(2)
    assert escrow.recover("issuer") == account_of("issuer")
    escrow.lose(3)
    with pytest.raises(NoData, match="2 of 3 shares of the key of pauser are left"):
        escrow.recover("pauser")
    with pytest.raises(UnknownName, match="no key in escrow is called 'king'"):
        escrow.recover("king")


def test_the_manifest_names_holders_and_commitments_alone() -> None:
    escrow = Escrow(("pauser",), holders=HOLDERS, quorum=3, seed=7)
    manifest = escrow.manifest()["pauser"]
    assert [share["holder"] for share in manifest["shares"]] == list(HOLDERS)
    assert all(len(share["commitment"]) == 64 for share in manifest["shares"])
    assert Escrow(("pauser",), holders=HOLDERS, quorum=3, seed=8).manifest()["pauser"] != manifest
