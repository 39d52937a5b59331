"""The APIs that the network depends on or offers, and synthetic requests to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Answer", "Endpoints", "Integration"]


@dataclass(frozen=True, slots=True)
class Integration:
    """What was agreed with whoever runs an *endpoint*: the signed description of it.

    *kind* is rpc, indexer, venue, customs, custody or bank; *canary* what its test resource must
    answer, *version* the API's, *timeout* in milliseconds.
    """

    endpoint: str
    kind: str
    region: str
    version: str
    url: str
    timeout: int
    canary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request brought: an HTTP *status*, *latency* in milliseconds, and the JSON *body*.

    *version* is what the server says that it runs. 503 is a refusal, 504 no answer in time.
    """

    endpoint: str
    at: int
    status: int
    latency: int
    version: str
    body: Mapping[str, Any]


class Endpoints(Protocol):
    """One client for all of them."""

    def names(self) -> list[str]:
        """The endpoints there are."""

    def integration(self, endpoint: str) -> Integration:
        """Return what was agreed. Raises UnknownName."""

    def probe(self, endpoint: str) -> Answer:
        """Ask for a sample of live data: a supply at a block, a balance, a quote."""

    def canary(self, endpoint: str) -> Answer:
        """Ask for the test resource, whose answer is known."""
