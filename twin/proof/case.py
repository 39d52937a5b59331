"""Cases: worlds of at most two days, each in a file, with what must fire in them.

`scenarios/cases/NAME.case.yml` holds `title`, `duration`, optionally `seed`, `world` (what
differs from the world that it `extends`, `base` if it says nothing), `faults`, and `fires`. In
`world`, mappings are merged, anything else replaces what was there, `NAME+` adds to a list, and
`NAME-` drops the items of these names from one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from twin.bundled import folder
from twin.errors import UnknownName, UsageError
from twin.events import EventLog
from twin.faults.injector import Injector
from twin.proof.episodes import Episode, parse
from twin.scenario import Scenario, Vocabulary, loads

__all__ = ["LONGEST", "SUFFIX", "WAITING", "Case", "cases", "merged", "waiting"]

SUFFIX = ".case.yml"
"""How the name of a case's file ends."""

WAITING = "waiting.yml"
"""The list of rules that still wait for a case, beside the cases: name and reason."""

LONGEST = 2 * 86_400
"""Seconds that the world of a case may last."""

_FIELDS = ("title", "extends", "duration", "seed", "world", "faults", "fires")
_NEEDED = ("title", "duration", "fires")


@dataclass(frozen=True, slots=True)
class Case:
    """A case: its *world* as a scenario's tree, the kinds of its faults, and what *fires*."""

    name: str
    title: str
    path: Path
    tree: Mapping[str, Any]
    kinds: tuple[str, ...]
    fires: tuple[Episode, ...]

    def scenario(self, vocabulary: Vocabulary) -> Scenario:
        """Return the world, checked as any scenario is; UsageError for one of over two days."""
        made = loads(json.dumps(self.tree, default=_instant), f"{self.name}.twin.yaml", vocabulary)
        if made.duration > LONGEST:
            raise UsageError(
                f"{self.path}: {made.duration} s: the world of a case lasts two days at most"
            )
        Injector(
            made.sealed.faults, log=EventLog()
        )  # faults that clash are known before it is played
        return made

    def rewritten(self, episodes: Iterable[Episode]) -> str:
        """Return the text of the file with *episodes* as what fires; `fires` is its last field."""
        text = self.path.read_text("utf-8")
        head, found, _ = text.partition("\nfires:")
        if not found:
            raise UsageError(f"{self.path}: `fires:` is the last field of a case")
        lines = [f'  - "{item}"' for item in episodes]
        return head + ("\nfires:\n" + "\n".join(lines) if lines else "\nfires: []") + "\n"


def _instant(value: Any) -> str:
    """Write a point in time, which YAML reads as one, as scenarios want it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise UsageError(f"{value!r} has no place in a world: write it in quotes")


def merged(base: Any, change: Any) -> Any:
    """Return the tree *base* with *change* over it."""
    if not isinstance(base, Mapping) or not isinstance(change, Mapping):
        return change
    made = dict(base)
    for name, value in change.items():
        if name.endswith("+"):
            made[name[:-1]] = [*made.get(name[:-1], ()), *value]
        elif name.endswith("-"):
            kept = [item for item in made.get(name[:-1], ()) if item.get("name") not in value]
            made[name[:-1]] = kept
        else:
            made[name] = merged(made[name], value) if name in made else value
    return made


def _tree(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise UsageError(f"{path} cannot be read: {problem}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: a case is a mapping of {', '.join(_FIELDS)}")
    return found


def _read(path: Path) -> Case:
    tree, name = _tree(path), path.name.removesuffix(SUFFIX)
    for field in tree:
        if field not in _FIELDS:
            raise UsageError(f"{path}: {UnknownName('field of a case', str(field), _FIELDS)}")
    for field in _NEEDED:
        if field not in tree:
            raise UsageError(f"{path}: a case needs `{field}`")
    faults = tree.get("faults") or []
    base = _tree(path.with_name(f"{tree.get('extends', 'base')}.yml"))
    world = merged(base, tree.get("world") or {})
    world |= {
        "name": name, "title": tree["title"], "description": tree["title"],
        "duration": tree["duration"], "seed": tree.get("seed", 1), "sealed": {"faults": faults},
    }  # fmt: skip
    try:
        fires = tuple(parse(str(line)) for line in tree["fires"] or ())
    except UsageError as problem:
        raise UsageError(f"{path}: {problem}") from None
    kinds = tuple(sorted({str(item.get("kind")) for item in faults}))
    return Case(name, str(tree["title"]), path, world, kinds, fires)


def waiting(where: Path | None = None) -> dict[str, str]:
    """Return the rules that wait for a case, by name, with the reason; none without the list."""
    place = folder("scenarios") / "cases" if where is None else where
    path = place / WAITING
    if not path.is_file():
        return {}
    tree = _tree(path)
    return {str(name): str(reason) for name, reason in tree.items()}


def cases(where: Path | None = None) -> tuple[Case, ...]:
    """Return the cases in the folder *where*, or those that the twin ships, by name."""
    place = folder("scenarios") / "cases" if where is None else where
    found = tuple(_read(path) for path in sorted(place.glob(f"*{SUFFIX}")))
    if not found:
        raise UsageError(f"{place} holds no case: their names end in {SUFFIX}")
    return found
