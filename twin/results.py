"""The run folder: where a run leaves what it did, and how that is found again.

A folder holds `manifest.json` (what ran and how far), `events.jsonl`, `evidence.jsonl`,
`metrics.sqlite`, `summary.json` (checks, loss, counts), a copy of the scenario, and
`report.html`. The manifest is written first, in state *running*, and last, as *finished*,
*partial* or *crashed*; everything but the two logs, which only grow, is replaced in one step, so
that neither a kill nor a full disk damages what was finished.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

import twin
from twin.errors import CrashError, UsageError
from twin.events import read_events
from twin.monitoring.series import SeriesStore, read_sqlite

__all__ = [
    "Check",
    "Counts",
    "Described",
    "IncidentRow",
    "Loss",
    "Manifest",
    "RunFolder",
    "Speed",
    "Summary",
    "latest",
    "saving",
    "write_atomic",
]

SCHEMA_VERSION: Literal[1] = 1

_PACKAGES = (
    "coincurve", "eth-abi", "eth-hash", "jinja2", "matplotlib", "mesa", "numpy", "promql-parser",
    "py-evm", "pydantic", "PyYAML", "rich", "simpy",
)  # fmt: skip
"""What a result may depend on: the run-time dependencies of pyproject.toml."""

State = Literal["running", "finished", "partial", "crashed"]
Scalar = str | int | float | bool | None


class Described(Protocol):
    """What a run folder asks of a scenario; the loader's `Scenario` has it. Unix seconds."""

    @property
    def name(self) -> str:
        """The name, which is also the stem of its file."""

    @property
    def path(self) -> Path:
        """The file it was loaded from."""

    @property
    def source_sha256(self) -> str:
        """The hash of that file's bytes."""

    @property
    def start(self) -> int:
        """When virtual time begins."""

    @property
    def end(self) -> int:
        """When it ends, unless the run is cut short."""


class _Record(BaseModel):
    """A strict record: no unknown key, no coercion, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Check(_Record):
    """One line of the verdict; *at* is the unix second of the first crossing, or None."""

    kind: Literal["threshold", "expect", "invariant", "loss"]
    name: str
    limit: Scalar
    got: Scalar
    passed: bool
    at: int | None = None
    why: str = ""


class Loss(_Record):
    """The declared loss in integer *unit*s; *net* is *value* less the same seed without fault."""

    measure: str
    unit: str
    value: int
    without_fault: int | None = None
    net: int | None = None


class Counts(_Record):
    """How much of everything there was."""

    transactions: int = 0
    blocks: int = 0
    alerts: int = 0
    pages: int = 0
    incidents: int = 0
    evidence: int = 0
    events: int = 0


class IncidentRow(_Record):
    """An incident as it stood at the end of the run; unix seconds."""

    id: str
    severity: str
    family: str
    opened: int
    closed: int | None
    summary: str


class Speed(_Record):
    """What the run cost on this machine: never part of the digest, never a threshold."""

    wall_seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    transactions_per_second: float
    parts: dict[str, float] = {}


class Summary(_Record):
    """The outcome of a run: *passed* is the verdict over all *checks*."""

    schema_version: Literal[1] = SCHEMA_VERSION
    passed: bool
    partial: bool
    scenario: str
    seed: int
    control: str | None
    digest: str
    state_root: str
    checks: tuple[Check, ...]
    loss: Loss | None
    counts: Counts
    incidents: tuple[IncidentRow, ...]
    speed: Speed


class Manifest(_Record):
    """What ran, on what, and how far; *started_at* is the wall clock, outside the digest."""

    schema_version: Literal[1] = SCHEMA_VERSION
    twin_version: str
    scenario: str
    scenario_sha256: str
    seed: int
    control: str | None
    without: tuple[str, ...]
    engine: str
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
    files: dict[str, str] = {}


@contextlib.contextmanager
def saving(path: Path) -> Iterator[None]:
    """Turn a failure to write *path* into a CrashError that says what is safe and what to do."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as problem:
        full = "disk is full" in str(problem) or (
            isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT}
        )
        what = "the disk is full" if full else str(problem)
        raise CrashError(
            f"cannot write {path}: {what}; what was finished before is unharmed. "
            "Free some space, or choose another folder with --out"
        ) from problem


def _replace(temporary: Path, path: Path) -> None:
    """Put *temporary* in the place of *path*, on the disk itself: file first, then folder."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_atomic(path: Path, data: bytes) -> None:
    """Write *data* to *path* so that a reader sees the old file or the new one, never a part.

    Raises CrashError when the disk does not take it; the old file then stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with saving(path):
        try:
            temporary.write_bytes(data)
            _replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _PACKAGES:
        # One that is missing was not used; the manifest says so by leaving it out.
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


Model = TypeVar("Model", bound=_Record)


def _read(path: Path, model: type[Model], kind: str) -> Model:
    """Read *path* as *model*; raises UsageError with the first thing that is wrong."""
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise UsageError(f"{path.parent} is not a run folder: {path.name}: {reason}") from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(f"{path} is not {kind} of this twin: {place}: {first['msg']}") from problem


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The run folder at *path*; `create` makes one, `load` takes one that is there."""

    path: Path

    @property
    def manifest(self) -> Path:
        """What ran and how far it came."""
        return self.path / "manifest.json"

    @property
    def events(self) -> Path:
        """The event log, over which the digest is taken."""
        return self.path / "events.jsonl"

    @property
    def evidence(self) -> Path:
        """The hash-chained records."""
        return self.path / "evidence.jsonl"

    @property
    def metrics(self) -> Path:
        """The series."""
        return self.path / "metrics.sqlite"

    @property
    def summary(self) -> Path:
        """Verdict, checks, loss, counts."""
        return self.path / "summary.json"

    @property
    def report(self) -> Path:
        """The report for people."""
        return self.path / "report.html"

    @property
    def scenario(self) -> Path:
        """The scenario file as it was when the run began, under its own name."""
        return self.path / f"{self.read_manifest().scenario}.twin.yaml"

    @classmethod
    def create(
        cls,
        root: Path,
        scenario: Described,
        *,
        seed: int,
        control: str | None = None,
        without: tuple[str, ...] = (),
        engine: str = "pyevm",
        out: Path | None = None,
    ) -> RunFolder:
        """Make the folder `<scenario>[.<control>]-seed<seed>-<n>` under *root*, or exactly *out*.

        *without* are ids of procedures left out, *engine* the one that runs. A folder *out* that
        holds anything but a run folder raises UsageError; an older run in it is replaced.
        """
        manifest = Manifest(
            twin_version=twin.__version__,
            scenario=scenario.name,
            scenario_sha256=scenario.source_sha256,
            seed=seed,
            control=control,
            without=without,
            engine=engine,
            python=platform.python_version(),
            packages=_versions(),
            platform=platform.platform(),
            started_at=datetime.now(UTC).isoformat(timespec="microseconds"),
            state="running",
            virtual_start=scenario.start,
            virtual_end=scenario.end,
        )
        tail = f".{control}" if control else ""
        stem = f"{scenario.name}{tail}-seed{seed}"
        run = cls(_numbered(root, stem) if out is None else _exactly(out))
        text = scenario.path.read_bytes() if scenario.path.is_file() else None
        run._put(run.manifest, manifest)
        older = sorted(run.path.glob("*.twin.yaml"))
        for stale in (run.events, run.evidence, run.metrics, run.summary, run.report, *older):
            stale.unlink(missing_ok=True)
        if text is not None:
            write_atomic(run.scenario, text)
        return run

    @classmethod
    def load(cls, path: Path) -> RunFolder:
        """Take the run folder at *path*; raises UsageError where there is none that can be read."""
        run = cls(path)
        if not path.is_dir():
            raise UsageError(f"{path} is not a run folder: there is no such folder")
        run.read_manifest()
        run.read_summary()
        return run

    def read_manifest(self) -> Manifest:
        """Return the manifest; raises UsageError where it is missing or not of this twin."""
        return _read(self.manifest, Manifest, "a manifest")

    def read_summary(self) -> Summary | None:
        """Return the summary, or None for a run that has not come so far."""
        return _read(self.summary, Summary, "a summary") if self.summary.exists() else None

    def read_events(self) -> Iterator[dict[str, Any]]:
        """Yield the events in order; nothing where the log was not begun."""
        if self.events.exists():
            yield from read_events(self.events)

    def read_evidence(self) -> Iterator[dict[str, Any]]:
        """Yield the evidence records in order; a torn last line is left."""
        if not self.evidence.exists():
            return
        with self.evidence.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield json.loads(line)

    def series(self) -> SeriesStore:
        """Return all series; none where the run did not come to write them."""
        return read_sqlite(self.metrics) if self.metrics.exists() else SeriesStore()

    def write_series(self, store: SeriesStore) -> None:
        """Write *store* as `metrics.sqlite`, in one step."""
        temporary = self.metrics.with_name(f".{self.metrics.name}.{os.getpid()}.tmp")
        with saving(self.metrics):
            try:
                store.write_sqlite(temporary)
                _replace(temporary, self.metrics)
            finally:
                temporary.unlink(missing_ok=True)

    def write_summary(self, summary: Summary) -> None:
        """Write *summary* as `summary.json`, in one step."""
        self._put(self.summary, summary)

    def finish(
        self,
        state: Literal["finished", "partial", "crashed"],
        *,
        digest: str | None,
        state_root: str | None,
        head: int | None,
        reached: int | None,
    ) -> Manifest:
        """Close the manifest: how the run ended, at unix second *reached*, and what it left.

        Called last, when the logs are closed: the manifest then lists the hash of every file.
        """
        parts = (self.events, self.evidence, self.metrics, self.summary, self.scenario)
        files = {part.name: _hash_of(part) for part in parts if part.is_file()}
        done = self.read_manifest().model_copy(
            update={
                "state": state,
                "digest": digest,
                "state_root": state_root,
                "head": head,
                "virtual_reached": reached,
                "files": files,
            }
        )
        self._put(self.manifest, done)
        return done

    def altered(self) -> tuple[str, ...]:
        """Return the names of files that are no longer what the manifest lists."""
        listed: Mapping[str, str] = self.read_manifest().files
        paths = {name: self.path / name for name in sorted(listed)}
        return tuple(
            name
            for name, path in paths.items()
            if not path.is_file() or _hash_of(path) != listed[name]
        )

    def _put(self, path: Path, record: _Record) -> None:
        body = json.dumps(record.model_dump(mode="json"), indent=2, sort_keys=True, allow_nan=False)
        write_atomic(path, body.encode() + b"\n")


def _numbered(root: Path, stem: str) -> Path:
    """Make the first free folder of *stem* under *root*; two runs never get the same one."""
    with saving(root / stem):
        root.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = root / f"{stem}-{number}"
            try:
                path.mkdir()
            except FileExistsError:
                number += 1
            else:
                return path


def _exactly(out: Path) -> Path:
    """Make or take the folder *out*; raises UsageError where something else lives there."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file; a run is written to a folder")
    if out.is_dir() and any(out.iterdir()):
        try:
            RunFolder(out).read_manifest()
        except UsageError as problem:
            raise UsageError(
                f"--out {out} is not empty and holds no run; name a new folder or an older run's"
            ) from problem
    with saving(out):
        out.mkdir(parents=True, exist_ok=True)
    return out


def latest(root: Path, scenario: str | None = None) -> RunFolder:
    """Return the finished run under *root* that was started last, of *scenario* if one is named.

    Raises UsageError where there is none.
    """
    found: list[tuple[str, str, RunFolder]] = []
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if not (path / "manifest.json").is_file():
            continue
        run = RunFolder(path)
        try:
            manifest = run.read_manifest()
        except UsageError:
            continue  # a folder of another version is no candidate; naming it would say why
        if manifest.state == "finished" and scenario in {None, manifest.scenario}:
            found.append((manifest.started_at, path.name, run))
    if not found:
        what = f"run of {scenario}" if scenario else "run"
        raise UsageError(f"no finished {what} in {root}; make one with `twin run SCENARIO`")
    return max(found, key=lambda item: item[:2])[2]
