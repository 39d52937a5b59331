"""`twin export RUN --public FILE`: what anybody outside could have collected of a run.

One JSON object a line. First the state of the chain's first block, as an archive node answers it:
the views that the published reports build on. Then, in order, blocks, decoded contract events,
reorganisations and the notices that went to the public. Nothing of the team's own records, of the
metrics or of what was sealed is in it: `scripts/recompute` finds every published figure again
from this file, or says which it cannot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from twin.desk.records import Records
from twin.events import EventLog, read_events
from twin.library import Library
from twin.protocol.reader import Reader
from twin.results import RunFolder
from twin.world import World

__all__ = ["public_lines"]

CHAIN = frozenset(("block", "log", "reorg"))
AUDIENCES = frozenset(("public", "market"))
SUBJECT = "transparency report"


def public_lines(run: RunFolder) -> Iterator[dict[str, Any]]:
    """Yield the lines of the public data of *run*."""
    public = [event for event in read_events(run.events) if _is_public(event)]
    yield {"kind": "genesis", "views": _genesis(run, _levels(public))}
    yield from public


def _is_public(event: Mapping[str, Any]) -> bool:
    kind = event["kind"]
    return kind in CHAIN or (kind == "notice" and event["audience"] in AUDIENCES)


def _levels(events: list[dict[str, Any]]) -> list[list[Any]]:
    """Return the views that the recipes of the published reports begin with, each once."""
    found: dict[str, list[Any]] = {}
    for event in events:
        if event["kind"] != "notice" or event["subject"] != SUBJECT:
            continue
        for one in json.loads(event["text"])["figures"].values():
            level = one["recipe"].get("level")
            if level:
                found[json.dumps(level[:3])] = level[:3]
    return list(found.values())


def _genesis(run: RunFolder, levels: list[list[Any]]) -> list[dict[str, Any]]:
    """Ask the views of *levels* at the first block, on a chain that is deployed as then."""
    if not levels:
        return []
    manifest = run.read_manifest()
    library = Library(engine=manifest.engine)
    scenario = library.load(run.scenario).with_seed(manifest.seed)
    parts = replace(library.parts, engine=manifest.engine)
    log = EventLog()
    try:
        world = World(scenario, parts, log=log, records=Records())
        reader = Reader(world.chain, world.deployment)
        return [
            {"view": level, "answer": _plain(reader.read(level[0], level[1], *level[2]))}
            for level in levels
        ]
    finally:
        log.close()


def _plain(answer: Any) -> Any:
    if isinstance(answer, bytes):
        return "0x" + answer.hex()
    if isinstance(answer, (list, tuple)):
        return [_plain(part) for part in answer]
    return answer
