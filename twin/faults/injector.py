"""The injector: makes the sealed faults of a scenario happen at their virtual times.

It and the scorer alone know them. What it does goes into the log as sealed events, which no part
of the running world reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol

from twin import faults
from twin.clock import Clock
from twin.errors import CrashError, UnknownName, UsageError
from twin.events import EventLog, FaultChanged
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.protocol.deployment import DeploymentSpec

__all__ = ["FaultSpec", "Injector", "kinds", "named", "vocabulary"]


class FaultSpec(Protocol):
    """A fault as a scenario declares it: seconds after the start."""

    @property
    def name(self) -> str:
        """What expectations call it."""

    @property
    def kind(self) -> str:
        """The kind of fault."""

    @property
    def at(self) -> int:
        """When it begins."""

    @property
    def until(self) -> int | None:
        """When it ends; None for never."""

    @property
    def params(self) -> Any:
        """Its validated parameters."""


def kinds() -> Mapping[str, type[Fault]]:
    """Return every kind of fault there is, by name: each `Fault` of a module in this folder."""
    modules = [import_module(item.name) for item in iter_modules(faults.__path__, "twin.faults.")]
    return named(
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Fault)
        and value.__module__ == module.__name__
        and hasattr(value, "kind")
    )


def named(families: Iterable[type[Fault]]) -> Mapping[str, type[Fault]]:
    """Return *families* by their kinds; CrashError where two are of one kind."""
    found: dict[str, type[Fault]] = {}
    for family in families:
        other = found.setdefault(family.kind, family)
        if other is not family:
            raise CrashError(f"two faults are of the kind {family.kind}: {other} and {family}")
    return {kind: found[kind] for kind in sorted(found)}


def vocabulary() -> Mapping[str, type[FaultParams]]:
    """Return the parameter model of each kind, for the scenario loader."""
    return {name: family.Params for name, family in kinds().items()}


class Injector:
    """The faults of one run; *specs* come from the scenario's sealed part."""

    def __init__(self, specs: Iterable[FaultSpec], *, log: EventLog) -> None:
        """Make one fault for each spec.

        Raises UnknownName for a kind that is not there, and UsageError for two faults that hold
        the same place at the same time: what the first to end gives back would be wrong.
        """
        known = kinds()
        self._log = log
        self._faults: list[tuple[FaultSpec, Fault]] = []
        for spec in specs:
            if spec.kind not in known:
                raise UnknownName("kind of fault", spec.kind, known)
            self._faults.append((spec, known[spec.kind](spec.params)))
        _refuse_overlaps(self._faults)

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Apply the latent faults to what will be deployed."""
        for _spec, fault in self._faults:
            spec = fault.prepare(spec)
        return spec

    def schedule(self, clock: Clock, surfaces: Surfaces) -> None:
        """Put the beginning and the end of every fault on *clock*, once *surfaces* has them all."""
        for _spec, fault in self._faults:
            fault.check(surfaces)
        for spec, fault in self._faults:
            clock.call_at(clock.start + spec.at, self._phase(clock, surfaces, spec, fault, "begin"))
            if spec.until is not None:
                clock.call_at(
                    clock.start + spec.until, self._phase(clock, surfaces, spec, fault, "end")
                )

    def _phase(
        self, clock: Clock, surfaces: Surfaces, spec: FaultSpec, fault: Fault, phase: str
    ) -> Any:
        def happen() -> None:
            act = fault.begin if phase == "begin" else fault.end
            detail = act(surfaces)
            self._log.emit(
                clock.now,
                FaultChanged(fault=spec.name, family=spec.kind, phase=phase, detail=detail),
            )

        return happen


def _refuse_overlaps(faults: Iterable[tuple[FaultSpec, Fault]]) -> None:
    last: dict[str, FaultSpec] = {}
    for spec, fault in sorted(faults, key=lambda pair: pair[0].at):
        place = fault.place()
        before = last.get(place)
        if before is not None and (before.until is None or spec.at < before.until):
            raise UsageError(
                f"the faults {before.name} and {spec.name} both hold {place} {spec.at} s after the "
                f"start: let {before.name} end before"
            )
        last[place] = spec
