"""Compiled contracts as the build wrote them: ABI, bytecode and the hash of the sources.

An artifact is one `artifacts/NAME.json` of the contracts folder. `Artifacts` keeps what it
loaded, so that a process that runs many worlds parses each file once, and nothing is global.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.protocol.abi import Abi

__all__ = ["Artifact", "Artifacts", "load_all"]

_KEYS = ("contractName", "abi", "bytecode", "deployedBytecode", "sourceHash")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: *bytecode* creates it, *deployed_bytecode* is what then stands there.

    *source_hash* is the SHA-256 over the source and all it imports, as hex. *immutables* are the
    places, (start, length), of deployed code that its creation filled in.
    """

    name: str
    abi: tuple[Mapping[str, Any], ...] = field(repr=False)
    bytecode: bytes = field(repr=False)
    deployed_bytecode: bytes = field(repr=False)
    source_hash: str
    codec: Abi = field(repr=False, compare=False)
    immutables: tuple[tuple[int, int], ...] = field(default=(), repr=False)

    def runs_as(self, code: bytes) -> bool:
        """Say whether *code* is what this artifact leaves on a chain, whatever its immutables."""
        masked = bytearray(code)
        for start, length in self.immutables:
            masked[start : start + length] = bytes(length)
        return bytes(masked) == self.deployed_bytecode


class Artifacts(Mapping[str, Artifact]):
    """The artifacts under *folder* (the contracts folder itself), loaded when first asked for."""

    def __init__(self, folder: Path) -> None:
        """Look at no file yet."""
        self.folder = folder / "artifacts"
        self._loaded: dict[str, Artifact] = {}

    def __getitem__(self, name: str) -> Artifact:
        found = self._loaded.get(name)
        if found is None:
            found = self._loaded[name] = _load(self.folder / f"{name}.json", name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(path.stem for path in self.folder.glob("*.json")))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (self.folder / f"{name}.json").is_file()


def load_all(folder: Path) -> Artifacts:
    """Return the artifacts under *folder*, every one of them parsed; UsageError where none is."""
    found = Artifacts(folder)
    names = list(found)
    if not names:
        raise UsageError(f"{found.folder} holds no artifact; compile with `make contracts`")
    for name in names:
        found[name]
    return found


def _load(path: Path, name: str) -> Artifact:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"the contract {name} has no artifact at {path}; compile with `make contracts`"
        ) from None
    except ValueError as error:
        raise UsageError(
            f"{path} is no JSON ({error}); compile again with `make contracts`"
        ) from None
    missing = [key for key in _KEYS if not isinstance(raw, dict) or key not in raw]
    if missing or raw["contractName"] != name:
        wrong = f"lacks {', '.join(missing)}" if missing else f"is of {raw['contractName']!r}"
        raise UsageError(f"{path} {wrong}; compile again with `make contracts`")
    try:
        bytecode, deployed = _code(raw["bytecode"]), _code(raw["deployedBytecode"])
    except ValueError as error:
        raise UsageError(f"{path}: bytecode is no hex ({error}); is a library unlinked?") from None
    return Artifact(
        name=name, abi=tuple(raw["abi"]), bytecode=bytecode, deployed_bytecode=deployed,
        source_hash=str(raw["sourceHash"]), codec=Abi(raw["abi"], owner=name),
        immutables=tuple((int(at), int(size)) for at, size in raw.get("immutables", ())),
    )  # fmt: skip


def _code(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
