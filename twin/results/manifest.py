"""The manifest: what ran, on what machine and with which versions, and how far it came."""

from __future__ import annotations

import contextlib
import platform
from datetime import UTC, datetime
from importlib import metadata
from typing import Literal

from pydantic import Field

import twin
from twin.results.record import SCHEMA_VERSION, Record

__all__ = ["Manifest", "PolicyName", "State", "about_here"]

_PACKAGES = (
    "coincurve", "eth-abi", "eth-hash", "jinja2", "matplotlib", "mesa", "numpy", "promql-parser",
    "py-evm", "pydantic", "PyYAML", "rich", "simpy",
)  # fmt: skip
"""What a result may depend on: the run-time dependencies of pyproject.toml."""

PolicyName = Literal["playbook", "panic", "none", "human"]
"""Who decided, where it was not the policy of the scenario."""

State = Literal["running", "finished", "partial", "crashed"]


class Manifest(Record):
    """What ran, on what, and how far; *started_at* is the wall clock, outside the digest."""

    schema_version: Literal[1] = SCHEMA_VERSION
    twin_version: str
    scenario: str
    scenario_sha256: str
    seed: int
    control: str | None
    without: tuple[str, ...]
    engine: str
    policy: PolicyName | None = None
    python: str
    packages: dict[str, str]
    platform: str
    started_at: str
    state: State
    digest: str | None = None
    state_root: str | None = None
    head: int | None = None
    virtual_start: int
    virtual_end: int
    virtual_reached: int | None = None
    files: dict[str, str] = Field(default_factory=dict)


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _PACKAGES:
        # One that is missing was not used; the manifest says so by leaving it out.
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def about_here(
    *,
    scenario: str,
    scenario_sha256: str,
    seed: int,
    control: str | None,
    without: tuple[str, ...],
    engine: str,
    policy: PolicyName | None,
    virtual_start: int,
    virtual_end: int,
) -> Manifest:
    """Return the manifest of a run that begins now, in this process on this machine."""
    return Manifest(
        twin_version=twin.__version__,
        scenario=scenario,
        scenario_sha256=scenario_sha256,
        seed=seed,
        control=control,
        without=without,
        engine=engine,
        policy=policy,
        python=platform.python_version(),
        packages=_versions(),
        platform=platform.platform(),
        started_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        state="running",
        virtual_start=virtual_start,
        virtual_end=virtual_end,
    )
