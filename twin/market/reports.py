"""The board of signed reports: what each oracle node last published off chain.

A node signs Keccak(feed id, answer, observed at, source) with its own secp256k1 key (nonce by
RFC 6979, so the same report has the same signature); anybody recovers the signer and compares it
with the node's address. On chain stands the answer alone: the report says where it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from twin.chain.codec import keccak
from twin.protocol.parameters import feed_id
from twin.protocol.roles import account_of, key_of
from twin.quotes import SignedReport

if TYPE_CHECKING:
    from coincurve import PrivateKey

__all__ = ["ReportBoard", "report_digest"]

KEPT = 1024
"""Reports whose signer is kept: some rounds of the largest network; the oldest goes first."""


def report_digest(commodity: str, *, source: str, answer: int, observed_at: int) -> bytes:
    """Return the 32 bytes that a node signs.

    They are the hash of the feed id (32 bytes), *answer* (int256), *observed_at* (uint256) and
    *source* (UTF-8), packed in this order.
    """
    return keccak(
        feed_id(commodity)
        + answer.to_bytes(32, "big", signed=True)
        + observed_at.to_bytes(32, "big")
        + source.encode()
    )


def _signer(report: SignedReport) -> bytes | None:
    """Return the address whose key signed *report* as it stands, or None where none did."""
    from coincurve import PublicKey

    digest = report_digest(
        report.feed, source=report.source, answer=report.answer, observed_at=report.observed_at
    )
    try:
        public = PublicKey.from_signature_and_message(report.signature, digest, hasher=None)
    except ValueError:  # no signature at all: wrong length, or no point of the curve
        return None
    return keccak(public.format(compressed=False)[1:])[12:]


class ReportBoard:
    """The newest report of each node for each commodity.

    *key_of* gives a node's private key and *account_of* its registered address by its label.
    """

    __slots__ = ("_account_of", "_addresses", "_key_of", "_keys", "_newest", "_signer")

    def __init__(
        self,
        *,
        key_of: Callable[[str], bytes] = key_of,
        account_of: Callable[[str], bytes] = account_of,
    ) -> None:
        """Start with no report."""
        self._key_of, self._account_of = key_of, account_of
        self._keys: dict[str, PrivateKey] = {}
        # The whole report is the key, so that one altered anywhere is recovered anew; what is
        # kept is who signed it, and never whether that is the node that it names.
        self._signer = lru_cache(KEPT)(_signer)
        self._addresses: dict[str, bytes] = {}
        self._newest: dict[str, dict[str, SignedReport]] = {}

    def publish(
        self, node: str, commodity: str, source: str, answer: int, observed_at: int
    ) -> SignedReport:
        """Sign a report as *node* and put it in the place of its last one."""
        digest = report_digest(commodity, source=source, answer=answer, observed_at=observed_at)
        report = SignedReport(
            node=node, feed=commodity, source=source, answer=answer, observed_at=observed_at,
            signature=self._sign(node, digest),
        )  # fmt: skip
        self._newest.setdefault(commodity, {})[node] = report
        return report

    def newest(self, commodity: str) -> list[SignedReport]:
        """Return the newest report of each node for *commodity*, by the node's name."""
        reports = self._newest.get(commodity, {})
        return [reports[node] for node in sorted(reports)]

    def authentic(self, report: SignedReport) -> bool:
        """Say whether *report* is signed, as it stands, by the node that it names."""
        return self._signer(report) == self._address(report.node)

    def _address(self, node: str) -> bytes:
        address = self._addresses.get(node)
        if address is None:
            address = self._addresses[node] = self._account_of(node)
        return address

    def _sign(self, node: str, digest: bytes) -> bytes:
        key = self._keys.get(node)
        if key is None:
            from coincurve import PrivateKey

            key = self._keys[node] = PrivateKey(self._key_of(node))
        return bytes(key.sign_recoverable(digest, hasher=None))
