"""Reading an attestation (TR4): its basis, its date, its scope, and what it cannot see.

A figure at cost says what was paid. Signature, date and scope can all be right while the market has
long made a loss that such a document never shows: bonds at amortised cost hid SVB's until 2023-03-08.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from twin.desk.port import Attestation, Desk
from twin.errors import NoData
from twin.procedures.tokens.holdings import ASSETS, Book

__all__ = ["pack", "parse"]

PPM = 1_000_000


def parse(
    desk: Desk, document: Attestation, book: Book, *, max_age: int, tolerance_ppm: int
) -> dict[str, Any]:
    """Return what *document* says, and every warning about it by item.

    A document at cost hides whatever an asset lost. One at fair value was right on its day: the
    market has moved since, which matters where it moved the whole.
    """
    places = sorted({item.place for item in book.positions})
    unseen = [place for place in places if place not in document.scope]
    age = desk.now - document.as_of
    market = _market(desk, document)
    carried = {line.asset: 0 for line in document.lines}
    for line in document.lines:
        carried[line.asset] += line.value
    whole = sum(carried.values())
    impaired = [
        {"asset": asset, "carried": carried[asset], "market": worth}
        for asset, worth in sorted(market.items())
        if (carried[asset] - worth) * PPM
        > tolerance_ppm * max(1, whole if document.basis == "fair value" else carried[asset])
    ]
    warnings = {
        "signature": [] if desk.services.attestations.authentic(document) else [document.auditor],
        "basis": [] if document.basis == "fair value" else [f"made at {document.basis}"],
        "date": [f"{age} s old"] if age > max_age else [],
        "scope": unseen,
        "impairment": impaired,
    }
    return {
        "id": document.id, "auditor": document.auditor, "basis": document.basis,
        "as_of": document.as_of, "issued": document.issued, "scope": list(document.scope),
        "digest": desk.services.attestations.digest(document), "warnings": warnings,
        "carried": carried, "market": market, "liabilities": document.liabilities,
    }  # fmt: skip


def _market(desk: Desk, document: Attestation) -> dict[str, int]:
    """Return what the amounts of *document* are worth at the custodians' present prices."""
    prices: dict[tuple[str, str], int] = {}
    for name in desk.custody.names():
        try:
            lines = desk.custody.statement(name).holdings
        except NoData:
            continue
        prices |= {(name, line.asset): line.price for line in lines}
    worth: dict[str, int] = {}
    for line in document.lines:
        price = prices.get((line.place, line.asset))
        if price is not None:
            worth[line.asset] = worth.get(line.asset, 0) + line.amount * price // 10**8
    return worth


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def pack(
    desk: Desk, book: Book, rows: Iterable[Mapping[str, Any]], digest: bytes
) -> dict[str, Any]:
    """Return the proof pack: a hash of each part, and one over all of them.

    Anybody who holds the parts can make the hashes again; the chain's is bound to a block.
    """
    view = desk.at()
    attested = {}
    for index, asset in enumerate(ASSETS[1:], start=1):
        holding = view.read("Reserve", "holding", index)
        attested[asset] = {
            "amount": holding[0], "at": holding[1], "expiry": holding[2],
            "document": f"0x{holding[5].hex()}",
        }  # fmt: skip
    parts = {
        "attestation": digest.hex(),
        "chain": _hash({"booked": dict(book.booked), "attested": attested, "block": view.block}),
        "liabilities": _hash({"supply": book.liabilities, "block": book.block}),
        "positions": _hash([dict(row) for row in rows]),
    }
    return {"block": view.block, "attested": attested, "parts": parts, "hash": _hash(parts)}
