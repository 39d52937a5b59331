"""Threat bulletins against what is ours: addresses in our books, versions that we run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from twin.desk.port.bulletins import Bulletin
from twin.errors import NoData

__all__ = ["Running", "matches", "older"]

Running = tuple[str, str, str]
"""Something that runs: component, version, where."""

ADDRESS = re.compile(r"\[\s*x-chain-address:value\s*=\s*'0x([0-9a-fA-F]{40})'\s*\]")


def _numbers(version: str) -> tuple[int, ...]:
    found = re.findall(r"\d+", version)
    if not found:
        raise NoData(f"the version {version!r} has no number to compare")
    return tuple(int(part) for part in found)


def older(version: str, fixed: str) -> bool:
    """Say whether *version* comes before *fixed*, number by number: 1.9 is before 1.10."""
    one, two = _numbers(version), _numbers(fixed)
    length = max(len(one), len(two))
    return one + (0,) * (length - len(one)) < two + (0,) * (length - len(two))


def matches(
    bulletins: Iterable[Bulletin], *, book: Mapping[bytes, str], running: Sequence[Running]
) -> Iterator[dict[str, Any]]:
    """Yield what in *bulletins* is about us.

    *book* names the addresses that we deal with; *running* is the inventory.
    """
    for bulletin in bulletins:
        for item in bulletin.objects:
            about = {"bulletin": bulletin.id, "publisher": bulletin.publisher,
                     "published": bulletin.published, "object": str(item.get("id", "")),
                     "name": str(item.get("name", ""))}  # fmt: skip
            if item.get("type") == "indicator":
                for text in ADDRESS.findall(str(item.get("pattern", ""))):
                    address = bytes.fromhex(text)
                    if address in book:
                        yield {**about, "kind": "address", "address": address, "who": book[address]}
            if item.get("type") == "vulnerability":
                yield from _versions(item, running, about)


def _versions(
    item: Mapping[str, Any], running: Sequence[Running], about: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for affected in item.get("x_affected", ()):
        for component, version, where in running:
            if component == affected["component"] and older(version, affected["before"]):
                yield {**about, "kind": "version", "component": component, "version": version,
                       "where": where, "fixed": affected["before"]}  # fmt: skip
