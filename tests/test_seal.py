"""The sealed truth, the static half: what runs in the world has no way to name it.

Procedures and policies are read as syntax trees. They may import a short list of modules, and use
none of the doors by which Python code reaches what it was not given: names with an underscore,
computed attribute names, frames, the interpreter's own modules. Alert rules may name no metric of
the truth. (The dynamic half walks the objects that a procedure can reach from its desk.)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent

SEALED_CODE = ("twin/procedures/**/*.py", "twin/team/policies.py")
SEALED_RULES = ("twin/monitoring/rules/*.yml", "twin/monitoring/rules/*.yaml")

ALLOWED = {
    *("__future__", "bisect", "collections", "collections.abc", "dataclasses", "datetime"),
    *("decimal", "enum", "fractions", "functools", "hashlib", "itertools", "json", "math"),
    *("re", "statistics", "types", "typing", "zoneinfo", "pydantic"),
    *("twin.catalog", "twin.control", "twin.desk", "twin.errors", "twin.events", "twin.procedures"),
}
"""Modules that sealed code may import; a twin package stands for its modules too."""

HELD_BACK = ("twin.desk.twin_side",)
"""Within the desk, the side that holds the world: sealed code works with the port alone."""

BUILTINS = {
    *("__builtins__", "__import__", "breakpoint", "compile", "delattr", "dir", "eval", "exec"),
    *("getattr", "globals", "hasattr", "help", "input", "locals", "open", "setattr", "vars"),
}
"""Builtins that reach further than their arguments; getattr and hasattr pass with a literal."""

MODULES = {
    *("builtins", "ctypes", "gc", "importlib", "inspect", "io", "modules", "os", "pathlib"),
    *("pickle", "pkgutil", "posix", "socket", "subprocess", "sys", "traceback", "weakref"),
}
"""Modules that see everything: refused also as attributes, since `dataclasses.sys` is one."""

EXITS = {
    *("ag_frame", "cr_frame", "f_back", "f_builtins", "f_globals", "f_locals", "gi_frame"),
    *("gi_yieldfrom", "tb_frame", "tb_next", "format_map", "format", "attrgetter"),
    "methodcaller",
}
"""Attributes without an underscore that lead out all the same (an f-string replaces format)."""

TRUTH = re.compile(r"(?<![a-z])(faults?|truth|sealed|inject\w*|root_cause)(?![a-z])", re.IGNORECASE)
"""Words of the sealed truth: part of no metric or label that an alert rule uses."""


class Leaks(ast.NodeVisitor):
    """Walks sealed code and keeps `line: reason` for each way out of the seal in *found*."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def leak(self, node: ast.AST, reason: str) -> None:
        self.found.append(f"{getattr(node, 'lineno', 0)}: {reason}")

    def attribute(self, node: ast.AST, name: str) -> None:
        if name.startswith("_") or name in MODULES | EXITS:
            self.leak(node, f"attribute {name}")

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name not in ALLOWED:
                self.leak(node, f"import of {alias.name}")
            elif alias.name.startswith("twin"):
                self.leak(node, f"import of {alias.name} brings all of twin: from ... import ...")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        inside = any(module.startswith(f"{name}.") for name in ALLOWED if name.startswith("twin"))
        for alias in node.names:
            name, full = alias.name, f"{module}.{alias.name}"
            closed = not (module in ALLOWED or inside) or full.startswith(HELD_BACK)
            if closed or name[0] in "_*" or name in MODULES | BUILTINS | EXITS:
                self.leak(node, f"import of {full}")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.attribute(node, node.attr)
        self.generic_visit(node)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        for name in node.kwd_attrs:
            self.attribute(node, name)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in BUILTINS or (node.id.startswith("__") and node.id != "__all__"):
            self.leak(node, f"name {node.id}")

    def visit_Call(self, node: ast.Call) -> None:
        match node:
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr"), args=[_, ast.Constant(value=str(name)), *_]
            ):  # written out, so it is as good as `x.name`, and judged like it
                self.attribute(node, name)
                for part in (*node.args, *node.keywords):
                    self.visit(part)
            case _:
                self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring is read by people alone
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and "__" in node.value:
            self.leak(node, f"text {node.value!r}")


def leaks(text: str) -> list[str]:
    """Return `line: reason` for each way out of the seal in the source *text*."""
    walk = Leaks()
    walk.visit(ast.parse(text))
    return walk.found


def rule_leaks(document: Any) -> Iterator[str]:
    """Yield every text of a rule file that asks for the truth: in an expression or a label."""
    for group in document.get("groups", ()):
        for rule in group.get("rules", ()):
            asked = {"expr": rule.get("expr", ""), **rule.get("labels", {})}
            # A template can query too: {{ query "..." }} is an expression in an annotation.
            notes = " ".join(rule.get("annotations", {}).values())
            templates = " ".join(re.findall(r"{{(.*?)}}", notes))
            for key, text in {**asked, "annotations": templates}.items():
                if TRUTH.search(f"{key} {text}"):
                    yield f"{rule.get('alert') or rule.get('record')}: {key}: {text}"


def _files(patterns: tuple[str, ...]) -> list[Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


@pytest.mark.parametrize("path", _files(SEALED_CODE), ids=lambda path: str(path.relative_to(ROOT)))
def test_sealed_code_has_no_way_out(path: Path) -> None:
    assert leaks(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", _files(SEALED_RULES), ids=lambda path: path.name)
def test_rules_ask_for_no_truth(path: Path) -> None:
    assert list(rule_leaks(yaml.safe_load(path.read_text("utf-8")))) == []


def test_there_is_something_to_seal() -> None:
    assert len(_files(SEALED_CODE)) > 5
    assert _files(SEALED_RULES)


PLANTED = [
    ("from twin.faults.injector import Injector", "import of twin.faults.injector"),
    ("from twin import world", "import of twin.world"),
    ("import twin", "import of twin"),
    ("import twin.desk", "brings all of twin"),
    ("import twin.desk.port", "import of twin.desk.port"),
    ("from twin.market import venue", "import of twin.market"),
    ("from twin.scoring.loss import Loss", "import of twin.scoring.loss"),
    ("def f():\n    from agents import noise", "import of agents"),
    ("from twin_agents import noise", "import of twin_agents"),
    ("from twin.desk.twin_side import TwinDesk", "import of twin.desk.twin_side"),
    ("from twin.desk import twin_side", "import of twin.desk.twin_side"),
    ("from twin.desk.port import _hidden", "import of twin.desk.port._hidden"),
    ("from twin.desk.port import *", "import of twin.desk.port.*"),
    ("from ..faults import injector", "import of ..faults"),
    ("from . import port", "import of ."),
    ("import gc", "import of gc"),
    ("import sys as s", "import of sys"),
    ("import inspect", "import of inspect"),
    ("import importlib", "import of importlib"),
    ("import ctypes", "import of ctypes"),
    ("import builtins", "import of builtins"),
    ("import os.path", "import of os.path"),
    ("import pathlib", "import of pathlib"),
    ("import operator", "import of operator"),
    ("from dataclasses import sys", "import of dataclasses.sys"),
    ("import dataclasses\ndataclasses.sys", "attribute sys"),
    ("import re\nre.enum.sys.modules['twin']", "attribute modules"),
    ("desk._world", "attribute _world"),
    ("desk.metrics.__self__", "attribute __self__"),
    ("def f(x):\n    match x:\n        case Desk(_world=w): return w", "attribute _world"),
    ("getattr(desk, '_wor' + 'ld')", "name getattr"),
    ("getattr(desk, '_world')", "attribute _world"),
    ("getattr(desk, name)", "name getattr"),
    ("take = getattr", "name getattr"),
    ("hasattr(desk, name)", "name hasattr"),
    ("setattr(desk, 'now', 0)", "name setattr"),
    ("vars(desk)", "name vars"),
    ("globals()['x']", "name globals"),
    ("locals()", "name locals"),
    ("dir(desk)", "name dir"),
    ("eval('1')", "name eval"),
    ("exec('pass')", "name exec"),
    ("compile('1', 'x', 'eval')", "name compile"),
    ("open('scenario.twin.yaml')", "name open"),
    ("__import__('twin')", "name __import__"),
    ("__builtins__", "name __builtins__"),
    ("__loader__", "name __loader__"),
    ("(lambda: (yield))().gi_frame.f_back", "attribute gi_frame"),
    ("try:\n    f()\nexcept ValueError as e:\n    e.__traceback__.tb_frame", "attribute tb_frame"),
    ("'{0._world}'.format(desk)", "attribute format"),
    ("desk_text = '{0.__class__}'", "text '{0.__class__}'"),
]


@pytest.mark.parametrize(("text", "reason"), PLANTED)
def test_a_planted_leak_is_caught(text: str, reason: str) -> None:
    assert any(reason in found for found in leaks(text))


@pytest.mark.parametrize(
    "text",
    [
        "from __future__ import annotations",
        "import math\nmath.isqrt(2)",
        "from twin.desk.port import Desk\nfrom twin.catalog import check\n__all__ = ['x']",
        "desk.incidents.open()",
        "getattr(result, 'success', None)",
        "def f():\n    'Says `__init__` to a reader.'",
        "f'{desk.now} s'",
    ],
)
def test_plain_code_passes(text: str) -> None:
    assert leaks(text) == []


@pytest.mark.parametrize(
    ("part", "leak"),
    [
        ({"expr": "fictra_fault_active > 0"}, "expr"),
        ({"expr": "up", "labels": {"root_cause": "liar"}}, "root_cause"),
        ({"expr": "up", "annotations": {"summary": '{{ query "sealed_truth" }}'}}, "annotations"),
    ],
)
def test_a_planted_rule_leak_is_caught(part: dict[str, Any], leak: str) -> None:
    rule = {"alert": "Planted", "labels": {}, "annotations": {}, **part}
    (found,) = rule_leaks({"groups": [{"rules": [rule]}]})
    assert found.startswith(f"Planted: {leak}:")
