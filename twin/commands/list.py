"""`twin list`: what there is to name in a scenario or on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from rich.markup import escape

from twin.commands.screen import as_json, console, table
from twin.faults.injector import kinds
from twin.library import Library, bundled
from twin.monitoring.metrics import metric_table
from twin.protocol.invariants import INVARIANTS

__all__ = ["main"]


def _first(text: str | None) -> str:
    return (text or "").strip().split("\n", 1)[0]


def main(arguments: argparse.Namespace) -> int:
    """List the kind of thing that *arguments* name."""
    library = Library(agents=arguments.agents, engine=arguments.engine)
    parts = library.parts
    kinds_of: Mapping[str, Callable[[], list[tuple[str, str]]]] = {
        "scenarios": lambda: [
            (scenario.name, scenario.title) for scenario in map(library.load, bundled())
        ],
        "agents": lambda: [(name, _first(item.__doc__)) for name, item in parts.families.items()],
        "faults": lambda: [(name, _first(item.__doc__)) for name, item in kinds().items()],
        "procedures": lambda: [
            (name, f"{item.title} ({item.kind}, {item.cadence})")
            for name, item in parts.catalog.items()
        ],
        "rules": lambda: [
            (rule.name, f"{rule.severity} {rule.annotations.get('summary', '')}")
            for rule in parts.rules.rules
        ],
        "metrics": lambda: [(name, spec.help) for name, spec in metric_table().items()],
        "invariants": lambda: [(item.name, item.description) for item in INVARIANTS],
    }
    found = kinds_of[arguments.kind]()
    if arguments.json:
        items = [{"name": name, "about": about} for name, about in found]
        as_json({arguments.kind: items})
    else:
        rows = ((escape(name), escape(about)) for name, about in found)
        console().print(table(arguments.kind, ("name", "what it is"), rows))
    return 0
