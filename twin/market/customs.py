"""Export papers: what customs and shipping publish, and what an attesting node makes of them.

A document is identified by the Keccak hash of its canonical JSON. Reading one is an attestation,
not a price: a reader is wrong with a probability of its own, and a share of those errors is
common to all readers, since they read the same record. The share is the beta factor of
reliability engineering (Fleming 1975): with beta of the error probability p the record itself
misleads, and then everybody attests the *same* wrong quantity.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twin.chain.codec import keccak
from twin.errors import UsageError
from twin.market.chance import PIPS
from twin.random import Streams, derive

__all__ = ["Customs", "Document", "misread"]

SIZE_PPM = 100_000
"""Largest error of a wrong reading, in millionths of the quantity: 10 %, a scenario figure."""


@dataclass(frozen=True, slots=True)
class Document:
    """An export: *quantity* in thousandths of the commodity's unit, *loaded_at* unix seconds."""

    hash: bytes
    bill_of_lading: str
    exporter: str
    commodity: str
    quantity: int
    port: str
    loaded_at: int

    def as_mapping(self) -> Mapping[str, Any]:
        """Return what is published and hashed: everything but the hash."""
        return {
            "bill_of_lading": self.bill_of_lading,
            "commodity": self.commodity,
            "exporter": self.exporter,
            "loaded_at": self.loaded_at,
            "port": self.port,
            "quantity": self.quantity,
        }


def document_hash_of(published: Mapping[str, Any]) -> bytes:
    """Return the hash (32 bytes) of a document: Keccak over its JSON, keys sorted, no spaces."""
    text = json.dumps(dict(published), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return keccak(text.encode())


class Customs:
    """The register of exports of one run.

    *common_mode_ppm* is the share of reading errors that all readers have in common.
    """

    __slots__ = ("_common_mode", "_documents", "_seed", "_serials", "_unseen")

    def __init__(self, streams: Streams, *, common_mode_ppm: int = 0) -> None:
        """Start with no exports."""
        self._seed = streams.seed
        self._documents: dict[bytes, Document] = {}
        self._serials: dict[str, int] = {}
        self._unseen: set[bytes] = set()
        self._common_mode = 0
        self.correlate(common_mode_ppm)

    def declare(
        self, exporter: str, commodity: str, quantity: int, now: int, *, port: str = ""
    ) -> Document:
        """Enter an export loaded at unix second *now* and return its document.

        *quantity* is in thousandths of the commodity's unit; the bill of lading counts the
        exports of *exporter*; *port* is the exporter's own unless named.
        """
        if quantity < 1:
            raise UsageError(f"{exporter} declares {quantity} of {commodity}: declare 1 or more")
        serial = self._serials[exporter] = self._serials.get(exporter, 0) + 1
        draft = Document(
            hash=b"", bill_of_lading=f"{exporter}-{serial:06d}", exporter=exporter,
            commodity=commodity, quantity=quantity, port=port or f"port of {exporter}",
            loaded_at=now,
        )  # fmt: skip
        named = document_hash_of(draft.as_mapping())
        document = Document(named, **draft.as_mapping())
        self._documents[named] = document
        return document

    # -- forgery: the injector's alone

    def reissue(self, document_hash: bytes, *, port: str, exporter: str = "") -> Document:
        """Enter a second set of papers for one cargo, as the warehouses of Qingdao did in 2014.

        The bill of lading and the cargo stay the same; *port*, and where it is given *exporter*,
        make it another document.
        """
        first = self._documents[document_hash]
        draft = replace(first, hash=b"", port=port, exporter=exporter or first.exporter)
        named = document_hash_of(draft.as_mapping())
        document = Document(named, **draft.as_mapping())
        self._documents[named] = document
        return document

    def conceal(self, document_hash: bytes) -> None:
        """Let the papers stand for a cargo that nobody loaded: no carrier will have seen it."""
        self._unseen.add(document_hash)

    def loaded(self, document_hash: bytes) -> bool:
        """Say whether there is a cargo behind a document."""
        return document_hash in self._documents and document_hash not in self._unseen

    # -- what is read

    def document(self, document_hash: bytes) -> Document | None:
        """Return the export with *document_hash*, or None where customs knows none."""
        return self._documents.get(document_hash)

    def published(self, document_hash: bytes) -> Mapping[str, Any] | None:
        """Return the papers of an export as anybody sees them, or None."""
        document = self._documents.get(document_hash)
        return None if document is None else document.as_mapping()

    def correlate(self, ppm: int) -> None:
        """Make *ppm* millionths of all reading errors common to all readers."""
        if not 0 <= ppm <= PIPS:
            raise UsageError(f"a common mode of {ppm} ppm: it must be between 0 and {PIPS}")
        self._common_mode = ppm

    def reading(
        self, document_hash: bytes, node_stream: np.random.Generator, error_ppm: int
    ) -> int | None:
        """Return the quantity that a node reads in the papers, or None where there are none.

        *error_ppm* is the probability of a wrong reading, in millionths. The node's own error is
        drawn from *node_stream* (two draws each time); the common one is a function of the
        document alone.
        """
        document = self._documents.get(document_hash)
        if document is None:
            return None
        own, size = (int(node_stream.integers(PIPS * PIPS)) for _ in range(2))
        shared = derive(self._seed, "customs", document_hash.hex())
        common, common_size = shared % (PIPS * PIPS), (shared >> 64) % (PIPS * PIPS)
        in_common = error_ppm * self._common_mode  # in 1e-12
        if common < in_common:
            return misread(document.quantity, common_size)
        # the rest of the error probability, given that the record did not mislead
        alone = (error_ppm * PIPS - in_common) * PIPS * PIPS // max(1, PIPS * PIPS - in_common)
        return misread(document.quantity, size) if own < alone else document.quantity


def misread(quantity: int, chance: int, *, size: int = SIZE_PPM) -> int:
    """Return another quantity, at most *size* millionths off; *chance* is uniform below 1e12."""
    largest = max(1, quantity * size // PIPS)
    offset = 1 + (chance >> 1) % largest
    return quantity + offset if chance & 1 or offset >= quantity else quantity - offset
