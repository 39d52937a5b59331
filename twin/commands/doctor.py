"""`twin doctor`: what this installation has and lacks, and what to do about it."""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from rich.markup import escape

import twin
from twin.bundled import folder
from twin.chain.engines import available, best
from twin.commands.screen import as_json, console, table
from twin.errors import TwinError
from twin.library import Library, bundled

__all__ = ["main"]

Finding = tuple[str, bool, str]
PACKAGES = ("simpy", "mesa", "py-evm", "eth-abi", "coincurve", "pydantic", "numpy", "matplotlib")


def _python() -> Finding:
    return "python", sys.version_info >= (3, 11), platform.python_version()


def _packages() -> Finding:
    try:
        return "packages", True, ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    except metadata.PackageNotFoundError as error:
        return "packages", False, f"{error.name} is not installed: run `make run` or pip install"


def _keccak() -> Finding:
    from eth_hash.auto import keccak

    backend = type(keccak.backend).__module__ if hasattr(keccak, "backend") else "found"
    return "keccak", keccak(b"").hex().startswith("c5d24601"), backend


def _engine() -> Finding:
    found = available()
    told = f"{', '.join(found)}; {best()} runs unless --engine says otherwise" if found else ""
    return "engines", bool(found), told or "none: install py-evm"


def _contracts() -> Finding:
    count = len(list((folder("contracts_abi") / "artifacts").glob("*.json")))
    return "contracts", count > 0, f"{count} artifacts in {folder('contracts_abi')}"


def _scenarios() -> Finding:
    library = Library()
    loaded = [library.load(path) for path in bundled()]
    names = ", ".join(scenario.name for scenario in loaded)
    return "scenarios", bool(loaded), f"{names} ({len(library.parts.catalog)} procedures)"


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free // 2**20
    return "disk", free > 500, f"{free} MiB free here"


def _temporary() -> Finding:
    with tempfile.TemporaryDirectory() as place:
        return "temporary files", True, str(Path(place).parent)


CHECKS: tuple[Callable[[], Finding], ...] = (
    _python, _packages, _keccak, _engine, _contracts, _scenarios, _disk, _temporary,
)  # fmt: skip


def _carefully(check: Callable[[], Finding]) -> Finding:
    """Run *check*; what it stumbles over is its finding."""
    try:
        return check()
    except (TwinError, ImportError, OSError) as error:
        return check.__name__.strip("_"), False, str(error)


def main(arguments: argparse.Namespace) -> int:
    """Say what was found; 1 where something is missing."""
    found = [_carefully(check) for check in CHECKS]
    good = all(ok for _name, ok, _detail in found)
    if arguments.json:
        rows = [{"name": name, "passed": ok, "detail": detail} for name, ok, detail in found]
        as_json({"passed": good, "version": twin.__version__, "checks": rows})
    else:
        rows_shown = (
            ("[green]ok[/]" if ok else "[red]FAIL[/]", name, escape(detail))
            for name, ok, detail in found
        )
        console().print(table(f"twin {twin.__version__}", ("", "part", "found"), rows_shown))
    return 0 if good else 1
