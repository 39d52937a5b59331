"""Oracle operators: what their nodes publish, and who applies to become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Candidate", "OperatorStatus", "Operators", "ShadowReport"]


@dataclass(frozen=True, slots=True)
class OperatorStatus:
    """A node's metrics endpoint at unix second *at*.

    *started* is when its process began, *latency_ms* the median of the last hour from observation
    to submission, *gas_wei* the balance that it reports of its own account.
    """

    node: str
    operator: str
    version: str
    started: int
    latency_ms: int
    gas_wei: int
    at: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who applied at unix second *applied* to run the node at *account*.

    *kyc* is passed, pending or refused; *owner* the beneficial owner as disclosed, *network* the
    autonomous system that it is hosted in, *funded_by* the account that sent its first coins.
    """

    name: str
    account: bytes
    commodity: str
    operator: str
    owner: str
    kyc: str
    network: str
    funded_by: bytes
    applied: int


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What a candidate would have reported: *answer* has 8 decimals."""

    candidate: str
    commodity: str
    answer: int
    observed_at: int
    signature: bytes


class Operators(Protocol):
    """The operators' endpoints, and the desk where candidates apply."""

    def nodes(self) -> list[str]:
        """The nodes whose operators publish metrics."""

    def release(self) -> str:
        """The version that the network asks its nodes to run."""

    def status(self, node: str) -> OperatorStatus:
        """Return what *node* publishes. Raises NoData while it does not answer."""

    def candidates(self) -> list[Candidate]:
        """Return who applies, in the order of their applications."""

    def shadow_reports(self, candidate: str, *, since: int) -> list[ShadowReport]:
        """Return the reports that *candidate* published from unix second *since* on."""

    def authentic(self, report: ShadowReport) -> bool:
        """Verify the candidate's signature on *report*."""
