"""The auditor's attestations of the reserve: what was examined, on which basis, as of when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Attestation", "Attestations", "AttestedLine"]


@dataclass(frozen=True, slots=True)
class AttestedLine:
    """*amount* of *asset* (1e-6 units) at *place*, carried at *value* stable units."""

    place: str
    asset: str
    amount: int
    value: int


@dataclass(frozen=True, slots=True)
class Attestation:
    """A signed document: the reserve as of *as_of*, *issued* later (unix seconds).

    *basis* is `cost` or `fair value`; *scope* names the places that were examined. *signature* is
    65 bytes of *auditor* over everything else.
    """

    id: str
    auditor: str
    as_of: int
    issued: int
    basis: str
    scope: tuple[str, ...]
    lines: tuple[AttestedLine, ...]
    liabilities: int
    signature: bytes


class Attestations(Protocol):
    """The auditor's publications."""

    def documents(self, *, since: int = 0) -> list[Attestation]:
        """Return what was issued from unix second *since* on, oldest first."""

    def authentic(self, document: Attestation) -> bool:
        """Say whether the appointed auditor signed *document* as it stands."""

    def digest(self, document: Attestation) -> bytes:
        """Return the hash (32 bytes) that is signed and that goes on chain."""
