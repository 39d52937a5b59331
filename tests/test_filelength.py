"""Files stay short enough to read in one sitting, functions short enough to see at once.

Aimed at is 250 lines a file; above 350 a file is listed, above 500 the test fails.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("twin", "agents", "experiments", "tests", "scripts", "engine", "contracts_abi")
SUFFIXES = {".py", ".rs", ".sol", ".mjs"}
SKIPPED = {"node_modules", "target", "_bundled", ".venv"}
LISTED, LIMIT, FUNCTION_LIMIT = 350, 500, 80


def sources(root: Path) -> Iterator[Path]:
    """Yield our own source files below *root*, without what tools put there."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and not SKIPPED & set(path.relative_to(root).parts):
                yield path


def lengths(root: Path) -> dict[str, int]:
    """Return the number of lines of each source file by its path from *root*."""
    return {
        str(path.relative_to(root)): len(path.read_text("utf-8").splitlines())
        for path in sources(root)
    }


def long_functions(root: Path, limit: int = FUNCTION_LIMIT) -> list[str]:
    """Return `file:line: name has N lines` for each Python function of more than *limit* lines."""
    return [
        f"{path.relative_to(root)}:{node.lineno}: {node.name} has {length} lines"
        for path in sources(root)
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > limit
    ]


def test_files_are_short() -> None:
    found = lengths(ROOT)
    assert found
    for name, count in sorted(found.items(), key=lambda item: -item[1]):
        if count > LISTED:
            print(f"{count:5d} {name}")  # noqa: T201 - shown by `pytest -s` and with a failure
    assert {name: count for name, count in found.items() if count > LIMIT} == {}


def test_functions_are_short() -> None:
    assert long_functions(ROOT) == []


def test_a_planted_long_file_and_function_are_found(tmp_path: Path) -> None:
    (tmp_path / "twin" / "node_modules").mkdir(parents=True)
    body = "def endless():\n" + "    x = 1\n" * LIMIT
    (tmp_path / "twin" / "long.py").write_text(body, "utf-8")
    (tmp_path / "twin" / "node_modules" / "theirs.py").write_text(body, "utf-8")
    assert lengths(tmp_path) == {"twin/long.py": LIMIT + 1}
    assert long_functions(tmp_path) == [f"twin/long.py:1: endless has {LIMIT + 1} lines"]
