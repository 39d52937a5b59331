"""The sealed truth, the dynamic half: what sealed code can hold leads to no truth.


A walker starts at what a procedure is given (the desk, a view, every answer of theirs), at the
policies and at the alert rules, and follows public attributes, items of containers, and what public
callables have closed over or bound; it calls nothing. Parts of the desk such as `_Feeds` and
`_Venues` keep the world behind names with an underscore, where this walker does not look: that
procedures cannot look there either is what the static half proves (`test_seal`). Only together
are they the proof. A leak that is planted must be found by this same walker.

A last test runs a sealed fault to an incident and finds neither its name nor its kind in what the
team could read.
"""

from __future__ import annotations

import copy
import functools
import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import pytest
from world_lab import FEED, MINUTE, agent, fault, library, market, scenario

from twin.desk.records import Records, verify
from twin.desk.steps import Case
from twin.events import EventLog, EvidenceFiled, FaultChanged
from twin.procedures.incident.impact import alert_facts, containable, oracle_health
from twin.team.policies import NoResponse, Playbook
from twin.world import World

SEALED_MODULES = (
    "twin.faults", "twin.world", "twin_agents", "twin.scoring", "twin.market", "twin.habitat",
    "twin.recorder", "twin.witness", "twin.verdict", "twin.results", "twin.runner", "twin.plugins",
)  # fmt: skip
SEALED_TYPES = {
    "SealedSpec", "FaultSpec", "ControlSpec", "Scenario", "Document", "EventLog", "Injector", "Chain",
    "IncidentStore", "Records", "Executor", "Streams", "Clock",
}  # fmt: skip
"""Types that hold the truth, or lead to it, wherever they are defined."""

PLAIN = (type(None), bool, int, float, str, bytes, complex, range, array, np.ndarray, np.generic)


def is_sealed(thing: object) -> bool:
    """Say whether *thing* is of the truth; a class or module of it counts as well."""
    if isinstance(thing, ModuleType):
        return thing.__name__.startswith(SEALED_MODULES)
    kind = thing if isinstance(thing, type) else type(thing)
    twins = kind.__module__.startswith("twin")
    return kind.__module__.startswith(SEALED_MODULES) or (twins and kind.__name__ in SEALED_TYPES)


def beyond(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield (step, object) for all that public means lead to from *thing*."""
    if isinstance(thing, functools.partial):
        yield from ((".func", thing.func), (".args", thing.args), (".keywords", thing.keywords))
    elif isinstance(thing, MethodType):
        yield from ((".__self__", thing.__self__), (".__func__", thing.__func__))
    elif isinstance(thing, FunctionType):
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            yield f" closes over {name}", cell.cell_contents
        yield " defaults", (thing.__defaults__, thing.__kwdefaults__)
    elif not isinstance(thing, (type, ModuleType, BuiltinFunctionType)):
        yield from _items(thing)
        for name in dir(thing):
            if not name.startswith("_"):
                try:
                    yield f".{name}", getattr(thing, name)
                except Exception as error:  # noqa: BLE001 - a property that raises gives nothing
                    yield f".{name}", error.args


def _items(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from ((f"[{key!r}]", value), (" key", key))
    elif isinstance(thing, Iterable) and isinstance(thing, Sized):
        for number, item in enumerate(thing):
            yield f"[{number}]", item


def leaks(name: str, root: object) -> list[str]:
    """Return the path to every sealed object that is reachable from *root*, called *name*."""
    found: list[str] = []
    seen: dict[int, object] = {}  # keeps what it visited alive, so that no id is used twice
    waiting = [(name, root)]
    while waiting:
        path, thing = waiting.pop()
        if isinstance(thing, PLAIN) or id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if is_sealed(thing):
            found.append(f"{path}: {type(thing).__module__}.{type(thing).__qualname__}")
            continue
        waiting.extend((path + step, inner) for step, inner in beyond(thing))
    return found


# -- the world ------------------------------------------------------------------------------------

TEAM = {
    "policy": "playbook",
    "people": [
        {"name": name, "roles": roles, "ack_median": "1m", "ack_p95": "1m"}
        for name, roles in (("amara", ["operator", "oracle-admin"]), ("bruno", ["commander"]),
                            ("chen", ["fee-steward", "commander"]))
    ],
    "authorities": {
        name: {"signers": ["amara", "bruno", "chen"], "threshold": 2}
        for name in ("pauser", "unpauser", "oracle_admin", "fee_steward")
    },
}  # fmt: skip
NAME, KIND = "gremlin-in-the-vendor", "source-scale"


def small(records: Records, log: EventLog) -> World:
    """Return a world in which a vendor that all nodes use doubles its price after half an hour."""
    made = scenario(
        team=TEAM,
        protocol={"feeds": {"WTI": {**FEED, "max_answer": "1000.00"}}},
        market=market(),
        agents=[agent("oracle-node", "node", 7, sources=["corvus"]),
                agent("sovereign", "norway", 1, cargoes_per_day=20), agent("noise", "trader", 2)],
        sealed={"faults": [fault(NAME, KIND, "30m", source="corvus", numerator=2)]},
    )  # fmt: skip
    return World(made, library().parts, log=log, records=records)


@pytest.fixture(scope="module")
def world() -> World:
    """Return a world that has run for an hour, with its fault and an incident."""
    made = small(Records(), EventLog())
    made.run(made.clock.start + 60 * MINUTE)
    assert made.incidents.open()
    return made


ROOTS: dict[str, Callable[[World], Any]] = {
    "desk": lambda world: world.desk,
    "desk.at()": lambda world: world.desk.at(),
    "index": lambda world: world.desk.feeds.index("WTI"),
    "reports": lambda world: world.desk.feeds.reports("WTI"),
    "ticker": lambda world: world.desk.venues.ticker("meridian"),
    "incidents": lambda world: world.desk.incidents.open(),
    "alerts": lambda world: world.desk.alerts.firing(),
    "query": lambda world: world.desk.metrics.query("fictra_oracle_answer_usd"),
    "stats": lambda world: world.desk.at().stats(since=0),
    "logs": lambda world: world.desk.at().logs("OracleNetwork", "AnswerUpdated", since=0),
    "papers": lambda world: [
        world.desk.customs.document(log.args["documentHash"])
        for log in world.desk.at().logs("AllocationBook", "ExportClaimed", since=0)
    ],
    "transfers": lambda world: [
        world.desk.services.transfers.holders(),
        world.desk.services.transfers.requests(),
    ],
    "forms": lambda world: [world.desk.services.disputes.forms()],
    "register": lambda world: world.desk.register,
    "services": lambda world: world.desk.services,
    "node status": lambda world: world.desk.services.operators.status("node-1"),
    "vendor": lambda world: (
        world.desk.services.vendors.vendor("corvus"),
        world.desk.services.vendors.history("corvus", since=0),
    ),
    "rules as listed": lambda world: world.desk.alerts.rules(),
    "simulation": lambda world: containable(world.desk, "AllocationBook", "pauser", "pause"),
    "facts": lambda world: (alert_facts(world.desk, "x"), oracle_health(world.desk)),
    "policy": lambda world: (world.executor.policy, Playbook(), NoResponse()),
    "case": lambda _world: Case("x", "y", "z"),
    "rules": lambda world: (library().parts.rules, world.monitor.rules),
    "rules that run": lambda world: [group.rules for group in world.monitor._groups],
    "procedures": lambda world: list(world.executor.catalog.values()),
    "settings": lambda world: [item.settings() for item in world.executor.catalog.values()],
}


@pytest.mark.parametrize("name", ROOTS)
def test_no_truth_is_reachable(world: World, name: str) -> None:
    root = ROOTS[name](world)
    assert root is not None
    assert root != []
    assert leaks(name, root) == []


def test_the_walker_knows_the_truth_when_it_meets_it(world: World) -> None:
    """What is looked for is there, and each piece of it is found at its own root."""
    market = world.market
    pieces = [
        world, world.scenario, world.scenario.sealed, world.scenario.sealed.faults[0], world._injector,
        world.habitat, world.agents["node-1"], market, market.sources["corvus"], market.paths["WTI"],
        market.customs, market.demand, market.venues["meridian"], market.reports, world.log, world.chain,
        library().parts.families["noise"],
    ]  # fmt: skip
    for piece in pieces:
        assert leaks("root", piece) == [
            f"root: {type(piece).__module__}.{type(piece).__qualname__}"
        ]


class Leaky:
    """A part of the desk with one thing too many."""

    __slots__ = ("leak",)

    def __init__(self, leak: object) -> None:
        self.leak = leak


class Talkative:
    """A part of the desk with a property that tells."""

    def __init__(self, leak: object) -> None:
        self._leak = leak

    @property
    def truth(self) -> object:
        return self._leak


def closing_over(leak: object) -> Callable[[], bool]:
    return lambda: leak is None


PLANTS: dict[str, Callable[[Any], object]] = {
    "a slot": Leaky,
    "a property": Talkative,
    "a list": lambda leak: Leaky([1, [leak]]),
    "a value": lambda leak: Leaky({"x": leak}),
    "a key": lambda leak: Leaky({leak: 1}),
    "a set": lambda leak: Leaky({leak}),
    "a closure": lambda leak: Leaky(closing_over(leak)),
    "a bound method": lambda leak: Leaky(leak.quote),
    "a partial": lambda leak: Leaky(functools.partial(print, leak)),
    "a default": lambda leak: Leaky(FunctionType(_f.__code__, {}, "f", (leak,))),
    "a class": lambda leak: Leaky(type(leak)),
    "further in": lambda leak: Leaky(Leaky((Talkative(leak),))),
}


def _f(x: object) -> object:
    return x


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
@pytest.mark.parametrize("part", ["feeds", "venues", "customs", "metrics", "incidents", "register"])
def test_a_planted_leak_is_caught(world: World, part: str, plant: Callable[[Any], object]) -> None:
    desk = copy.copy(world.desk)
    setattr(desk, part, plant(world.market.sources["corvus"]))
    (path,) = leaks("desk", desk)
    assert path.startswith(f"desk.{part}")
    assert "twin.market" in path or "type" in path
    assert leaks("desk", world.desk) == []


def test_a_leak_planted_in_a_policy_or_a_rule_is_caught(world: World) -> None:
    policy, rule = Playbook(), copy.copy(world.monitor.rules)
    policy.hint = world.scenario.sealed  # type: ignore[attr-defined]
    assert leaks("policy", policy) == ["policy.hint: twin.scenario.models.SealedSpec"]
    assert leaks("rules", [rule, Leaky(world._injector)]) == [
        "rules[1].leak: twin.faults.injector.Injector"
    ]


def test_the_desk_shows_of_the_monitoring_its_questions_alone(world: World) -> None:
    shown = {name for name in dir(world.desk.metrics) if not name.startswith("_")}
    assert shown == {"query"}
    assert {name for name in dir(world.desk.alerts) if not name.startswith("_")} == {
        "firing",
        "rules",
    }


def test_a_leak_deep_inside_is_caught(world: World) -> None:
    health: dict[str, Any] = {"errors": {"planted": world.market}}
    assert leaks("desk", [world.desk, health]) == [
        "desk[1]['errors']['planted']: twin.market.market.Market"
    ]


# -- what the team could read ---------------------------------------------------------------------


def test_nothing_that_is_read_tells_of_the_fault(tmp_path: Path) -> None:
    log, records = EventLog(tmp_path / "events.jsonl"), Records(tmp_path / "evidence.jsonl")
    details: list[str] = []
    filed: list[bytes] = []

    def hear(_now: int, event: Any) -> None:
        if isinstance(event, FaultChanged):
            details.append(event.detail)
        if isinstance(event, EvidenceFiled):
            filed.append(event.hash)

    log.listen(hear)
    world = small(records, log)
    world.run(world.clock.start + 120 * MINUTE)
    log.close()
    records.close()
    words = [NAME, KIND, "gremlin", *details]
    assert len(details) == 1
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    (sealed,) = [event for event in events if event["kind"] == "fault"]
    assert (sealed["fault"], sealed["family"]) == (NAME, KIND)
    seen = {event["kind"] for event in events}
    assert {"alert", "page", "step", "notice", "incident", "evidence", "log", "tx"} <= seen
    open_events = [event for event in events if event["kind"] != "fault"]
    evidence = (tmp_path / "evidence.jsonl").read_text()
    assert verify(evidence.splitlines(), last=filed[-1].hex()) > 50
    series = [(one.name, dict(one.labels)) for one in world.monitor.store]
    assert len(series) > 100
    board = [(item.key, dict(item.annotations)) for item in world.monitor.board.active()]
    assert board
    texts = {
        "events": json.dumps(open_events), "evidence": evidence, "series": repr(series),
        "alerts": repr(board), "incidents": repr(world.incidents.all()),
    }  # fmt: skip
    assert [(name, word) for name, text in texts.items() for word in words if word in text] == []
