"""The folder: its files by name, written and read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from twin.errors import UsageError
from twin.events import read_events
from twin.monitoring.series import SeriesStore, read_sqlite
from twin.results.disk import hash_of, replaced, saving, write_atomic
from twin.results.manifest import Manifest, PolicyName, about_here
from twin.results.place import MANIFEST, exactly, numbered
from twin.results.summary import Summary

__all__ = ["Described", "RunFolder", "latest"]


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


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The run folder at *path*; `create` makes one, `load` takes one that is there."""

    path: Path

    @property
    def manifest(self) -> Path:
        """What ran and how far it came."""
        return self.path / MANIFEST

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
        policy: PolicyName | None = None,
        out: Path | None = None,
    ) -> RunFolder:
        """Make the folder `<scenario>[.<control>]-seed<seed>-<n>` under *root*, or exactly *out*.

        *without* are ids of procedures left out, *engine* the one that runs, *policy* that of the
        team where it is not the scenario's. A folder *out* that
        holds anything but a run folder raises UsageError; an older run in it is replaced.
        """
        manifest = about_here(
            scenario=scenario.name,
            scenario_sha256=scenario.source_sha256,
            seed=seed,
            control=control,
            without=without,
            engine=engine,
            policy=policy,
            virtual_start=scenario.start,
            virtual_end=scenario.end,
        )
        tail = f".{control}" if control else ""
        stem = f"{scenario.name}{tail}-seed{seed}"
        run = cls(numbered(root, stem) if out is None else exactly(out))
        text = scenario.path.read_bytes() if scenario.path.is_file() else None
        manifest.write(run.manifest)
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
        return Manifest.read(self.manifest)

    def read_summary(self) -> Summary | None:
        """Return the summary, or None for a run that has not come so far."""
        return Summary.read(self.summary) if self.summary.exists() else None

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
        """Write *store* as `metrics.sqlite`, in one step, or what of it is not there yet."""
        with saving(self.metrics):
            if store.finish() == self.metrics:
                return
        with replaced(self.metrics) as temporary:
            store.write_sqlite(temporary)

    def spill_series(self, store: SeriesStore, before: int) -> None:
        """Move the samples of *store* before unix second *before* to `metrics.sqlite`."""
        with saving(self.metrics):
            store.spill(self.metrics, before)

    def write_summary(self, summary: Summary) -> None:
        """Write *summary* as `summary.json`, in one step."""
        summary.write(self.summary)

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
        files = {part.name: hash_of(part) for part in parts if part.is_file()}
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
        done.write(self.manifest)
        return done

    def altered(self) -> tuple[str, ...]:
        """Return the names of files that are no longer what the manifest lists."""
        listed: Mapping[str, str] = self.read_manifest().files
        paths = {name: self.path / name for name in sorted(listed)}
        return tuple(
            name
            for name, path in paths.items()
            if not path.is_file() or hash_of(path) != listed[name]
        )


def latest(root: Path, scenario: str | None = None) -> RunFolder:
    """Return the finished run under *root* that was started last, of *scenario* if one is named.

    Raises UsageError where there is none.
    """
    found: list[tuple[str, str, RunFolder]] = []
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if not (path / MANIFEST).is_file():
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
