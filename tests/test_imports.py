"""Imports run one way: a file on the left of the table never imports one on its right.

The check reads the syntax tree, so an import inside a function or under TYPE_CHECKING counts, and
so does a module named in a string to `import_module`.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

STAGES = (
    ("errors", "crate", "events", "quotes", "spill"),
    ("control",),
    ("clock", "random", "scenario", "calendars", "catalog", "bundled"),
    ("chain", "protocol", "market"),
    ("habitat", "plugins"),
    ("desk",),
    ("services",),
    ("monitoring", "procedures", "team", "faults", "recorder"),
    ("world",),
    ("results", "verdict", "witness", "scoring", "report", "golden"),
    ("runner", "library"),
    ("coverage", "suite", "junit", "bench", "validate", "proof"),
    ("study",),
    ("console", "live", "commands", "verbs", "cli", "pytest_plugin", "__main__"),
)
"""The units of `twin` (a module or a folder), from left to right."""

STAGE = {unit: stage for stage, units in enumerate(STAGES) for unit in units}

ONLY = {
    # A procedure runs live as it runs here, so it knows the desk and nothing of the twin.
    "procedures": {"procedures", "desk", "catalog", "control", "errors", "events"},
    # An agent is an outsider: it knows the chain, the markets and its own habitat.
    "agents": {unit for unit, stage in STAGE.items() if stage <= STAGE["habitat"]},
}
"""Units that may import these units of `twin` and no others."""

SEALED = {(unit, "faults") for unit in ("monitoring", "team", "console", "live")}
"""Pairs that the stages would allow, but what is injected is the injector's and the scorer's."""

PARTS = {
    "ethereum": "ethereum-execution",
    "ethereum_types": "ethereum-execution",
    "markupsafe": "jinja2",
    "pydantic_core": "pydantic",
    "pyrevm": "pyrevm",
    "simular": "simular-evm",
    "verbs": "verbs",
}
"""Modules by the declared distribution that documents them; those of `bench` and `arbiter` may be absent."""

OUTSIDE = {"agents", "experiments", "tests", "twin_agents"}
"""Folders of the checkout, and the name agents are loaded under; `twin` imports none of them."""


def imported(path: Path, package: str) -> Iterator[tuple[int, str]]:
    """Yield the line and dotted name of every import in *path*, a module of *package*."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            base = parents[: len(parents) + 1 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in {"import_module", "__import__"} and isinstance(node.args[0], ast.Constant):
                yield node.lineno, str(node.args[0].value)


def wrong(unit: str, target: str) -> str | None:
    """Say which rule *unit* breaks by importing the dotted name *target*, or None."""
    head, *rest = target.split(".")
    if head in OUTSIDE and unit != "agents":
        return f"twin never imports {head}"
    # What has no stage is a name of `twin/__init__.py` itself, like __version__.
    other = rest[0] if head == "twin" and rest else ""
    if other not in STAGE:
        return None
    if unit == "agents" and any(part.startswith("_") for part in rest):
        return "agents import public names only"
    return _refused(unit, other)


def _refused(unit: str, other: str) -> str | None:
    """Say why *unit* may not import *other*, both of the table, or None."""
    if unit in ONLY:
        rule = f"{unit} imports only {', '.join(sorted(ONLY[unit]))}"
        return None if other in ONLY[unit] else rule
    if (unit, other) in SEALED:
        return f"{other} is sealed from {unit}"
    return f"{other} is right of {unit}" if STAGE[other] > STAGE[unit] else None


def violations(root: Path) -> list[str]:
    """Return `file:line: unit imports target: rule` for everything wrong below *root*."""
    found = []
    for unit, path, package in sources(root):
        if unit not in STAGE and unit != "agents":
            found.append(f"{path.relative_to(root)}:1: {unit} has no place in the table of stages")
            continue
        for line, target in imported(path, package):
            if rule := wrong(unit, target):
                found.append(f"{path.relative_to(root)}:{line}: {unit} imports {target}: {rule}")
    return found


def sources(root: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield unit, path and dotted package of each Python file of twin and agents."""
    for path in sorted((root / "twin").rglob("*.py")):
        parts = path.relative_to(root / "twin").with_suffix("").parts
        if parts != ("__init__",) and parts[0] != "_bundled":
            yield parts[0], path, ".".join(("twin", *parts[:-1]))
    for path in sorted((root / "agents").rglob("*.py")):
        yield "agents", path, "twin_agents"


def cycles(root: Path) -> list[str]:
    """Return the units that import each other, directly or through others, as `a -> b -> a`."""
    edges: dict[str, set[str]] = {}
    for unit, path, package in sources(root):
        targets = {target.split(".")[1] for _, target in imported(path, package) if "." in target}
        edges.setdefault(unit, set()).update(targets & STAGE.keys() - {unit})
    found = []

    def visit(unit: str, trail: tuple[str, ...]) -> None:
        if unit in trail:
            found.append(" -> ".join((*trail[trail.index(unit) :], unit)))
        elif unit not in done:
            for other in sorted(edges.get(unit, ())):
                visit(other, (*trail, unit))
            done.add(unit)

    done: set[str] = set()
    for unit in sorted(edges):
        visit(unit, ())
    return found


def test_imports_run_one_way() -> None:
    assert violations(ROOT) == []


def test_no_two_units_import_each_other() -> None:
    assert cycles(ROOT) == []


def test_every_third_party_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [item for group in project["optional-dependencies"].values() for item in group]
    declared = {canonical(re.split(r"[^\w.-]", item)[0]) for item in
                project["dependencies"] + extras}  # fmt: skip
    providers = dict(packages_distributions())
    ours = OUTSIDE | {"twin", "fictra_twin_engine"}
    providers |= {part: [whole] for part, whole in PARTS.items()}
    missing = [
        f"{path.relative_to(ROOT)}:{line}: {target}"
        for _, path, package in sources(ROOT)
        for line, target in imported(path, package)
        if (top := target.split(".")[0]) not in sys.stdlib_module_names | ours
        and not declared & {canonical(name) for name in providers.get(top, ())}
    ]
    assert missing == []


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


PLANTED = [
    ("twin/clock.py", "from twin.world import World", "world is right of clock"),
    ("twin/chain/port.py", "import twin.desk.port", "desk is right of chain"),
    ("twin/desk/port/a.py", "def f():\n    from twin import world", "world is right of desk"),
    ("twin/desk/a.py", "from ..cli import main", "cli is right of desk"),
    (
        "twin/market/a.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import twin.team",
        "team is right of market",
    ),
    (
        "twin/market/a.py",
        "import importlib\nimportlib.import_module('twin.world')",
        "world is right of market",
    ),
    ("twin/procedures/a/b.py", "from twin.market.venue import Venue", "procedures imports only"),
    ("twin/procedures/a/b.py", "from twin import faults", "procedures imports only"),
    ("twin/procedures/a/b.py", "from twin.clock import Clock", "procedures imports only"),
    ("twin/team/a.py", "import twin.faults.injector", "faults is sealed from team"),
    ("twin/console/a.py", "import twin.faults", "faults is sealed from console"),
    ("agents/a.py", "from twin.faults import port", "agents imports only"),
    ("agents/a.py", "from twin.desk.port import Desk", "agents imports only"),
    ("agents/a.py", "from twin.market.venue import _Book", "public names only"),
    ("twin/world.py", "import agents.noise", "twin never imports agents"),
    ("twin/world.py", "from twin_agents import noise", "twin never imports twin_agents"),
    ("twin/study/a.py", "import experiments", "twin never imports experiments"),
    ("twin/cli.py", "import tests.conftest", "twin never imports tests"),
    ("twin/misc.py", "import math", "no place in the table"),
]


@pytest.mark.parametrize(("where", "text", "rule"), PLANTED)
def test_a_planted_import_is_caught(tmp_path: Path, where: str, text: str, rule: str) -> None:
    path = tmp_path / where
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    found = violations(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(f"{where}:")
    assert rule in found[0]


def test_a_planted_cycle_is_caught(tmp_path: Path) -> None:
    for unit, other in (("chain", "market"), ("market", "protocol"), ("protocol", "chain")):
        (tmp_path / "twin" / unit).mkdir(parents=True)
        (tmp_path / "twin" / unit / "a.py").write_text(f"import twin.{other}.a", "utf-8")
    assert violations(tmp_path) == []
    assert cycles(tmp_path) == ["chain -> market -> protocol -> chain"]


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("twin/procedures/a/b.py", "import math\nfrom twin.desk.port import Desk"),
        ("twin/cli.py", "from twin import __version__\nimport twin.world"),
        ("twin/faults/a.py", "from twin.market.sources import Source"),
        ("agents/a.py", "from twin.market.venue import Venue\nfrom twin_agents.base import A"),
    ],
)
def test_what_is_allowed_passes(tmp_path: Path, where: str, text: str) -> None:
    path = tmp_path / where
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    assert violations(tmp_path) == []
