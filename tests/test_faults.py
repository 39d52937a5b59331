"""Each family of faults: what it takes hold of, how it lets go, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from twin.clock import DAY, Clock
from twin.errors import UnknownName, UsageError
from twin.faults.injector import kinds, vocabulary
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.market.bank import make_banks
from twin.market.commodity import ONE, PricePath
from twin.market.custody import make_custodians
from twin.market.customs import Customs
from twin.market.demand import Demand
from twin.market.exports import make_export_feeds
from twin.market.sources import Source
from twin.market.venue import Venue
from twin.protocol.deployment import DeploymentSpec
from twin.random import Streams
from twin.scenario.market import VenueSpec
from twin.scenario.outside import BankSpec, CustodianSpec, ExportFeedSpec

START = 1_223_251_200


class StillPath(PricePath):
    """A price of 80 dollars, for ever."""

    def _make(self, day: int) -> list[int]:
        del day
        return [80 * ONE] * (DAY // self.step)


@dataclass
class Parrot:
    """A node that notes how it was told to lie."""

    told: list[tuple[int, int]] = field(default_factory=list)

    def misreport(self, numerator: int, denominator: int) -> None:
        self.told.append((numerator, denominator))


@dataclass
class Janitor:
    """A keeper that notes whether it works."""

    up: bool = True

    def halt(self) -> None:
        self.up = False

    def resume(self) -> None:
        self.up = True


def surfaces() -> Surfaces:
    path = StillPath("WTI", first=START, step=60, tick=1)
    sources = {name: Source(name, path, Streams(1)) for name in ("albion", "brisa")}
    agents = {"node-1": Parrot(), "trader-1": object(), "keeper": Janitor()}
    clock = Clock(START)
    banks = make_banks({"helvetia": BankSpec.model_validate({"accounts": {"reserve": 5}})}, clock)
    custody = CustodianSpec.model_validate(
        {
            "bank": "helvetia",
            "account": "reserve",
            "holdings": {"bills": {"quantity": 1, "price": 1}},
        }
    )
    return Surfaces(
        sources=sources,
        demand=Demand(clock),
        agents=agents,
        venues={
            "meridian": Venue(
                "meridian", VenueSpec(), clock=clock, streams=Streams(1), on_trade=print
            )
        },
        banks=banks,
        custodians=make_custodians({"aegis": custody}, clock, banks=banks, prices={}),
        export_feeds=make_export_feeds(
            {"carrier": ExportFeedSpec()}, clock, customs=Customs(Streams(1)), seed=1, common_mode=0
        ),
    )


def made(kind: str, **params: Any) -> Fault:
    family = kinds()[kind]
    return family(family.Params.model_validate(params))


def state(world: Surfaces) -> dict[str, Any]:
    """Return everything that a fault could touch, as one comparable value."""
    return {
        "quotes": {
            name: (quote := source.quote(START)) and quote.price // ONE
            for name, source in world.sources.items()
        },
        "demand": world.demand.factor_ppm,
        "told": list(world.agents["node-1"].told),
        "down": [
            name
            for name, up in (
                ("meridian", world.venues["meridian"].up),
                ("helvetia", world.banks["helvetia"].up),
                ("aegis", world.custodians["aegis"].up),
                ("carrier", world.export_feeds["carrier"].alive),
                ("keeper", world.agents["keeper"].up),
            )
            if not up
        ],
    }


QUIET = {"quotes": {"albion": 80, "brisa": 80}, "demand": 1_000_000, "told": [], "down": []}

ROWS: list[tuple[str, dict[str, Any], str, dict[str, Any], str, str, dict[str, Any]]] = [
    # kind, params, place, begun, what it says, what it says at the end, ended
    ("source-death", {"source": "albion"}, "the life of albion",
     {"quotes": {"albion": None, "brisa": 80}}, "albion died", "albion is back", {}),
    ("source-scale", {"source": "brisa"}, "the unit of brisa",
     {"quotes": {"albion": 80, "brisa": 80_000}}, "brisa quotes x 1000/1",
     "brisa quotes right again", {}),
    ("source-scale", {"source": "albion", "numerator": 1, "denominator": 40}, "the unit of albion",
     {"quotes": {"albion": 2, "brisa": 80}}, "albion quotes x 1/40",
     "albion quotes right again", {}),
    ("node-misreport", {"node": "node-1", "numerator": 3, "denominator": 2}, "the reports of node-1",
     {"told": [(3, 2)]}, "node-1 reports x 3/2", "node-1 reports right again",
     {"told": [(3, 2), (1, 1)]}),
    ("volume-surge", {"factor_ppm": 2_500_000}, "the demand", {"demand": 2_500_000},
     "trades arrive x 2500000 ppm", "trades arrive as before", {}),
    ("venue-outage", {"venue": "meridian"}, "the life of the venue meridian",
     {"down": ["meridian"]}, "meridian is down", "meridian is back", {}),
    ("bank-failure", {"bank": "helvetia"}, "the life of the bank helvetia",
     {"down": ["helvetia"]}, "helvetia failed", "helvetia is resolved", {}),
    ("custodian-silence", {"custodian": "aegis"}, "the life of the custodian aegis",
     {"down": ["aegis"]}, "aegis is silent", "aegis answers again", {}),
    ("export-feed-death", {"export_feed": "carrier"}, "the life of the export feed carrier",
     {"down": ["carrier"]}, "carrier died", "carrier is back", {}),
    ("keeper-stops", {"keeper": "keeper"}, "the work of keeper",
     {"down": ["keeper"]}, "keeper stopped", "keeper works again", {}),
    ("feed-bounds-open", {"commodity": "WTI", "max_answer": "10000"},
     "the max answer of the WTI feed", {}, "WTI feed deployed with max answer 1000000000000",
     "the bound stays as it is on chain", {}),
]  # fmt: skip


TESTS = Path(__file__).resolve().parent


@pytest.mark.parametrize(("kind", "params", "place", "begun", "says", "ends", "ended"), ROWS)
def test_a_fault_takes_hold_of_its_place_alone_and_lets_go(
    *, kind: str, params: dict[str, Any], place: str, begun: dict[str, Any], says: str, ends: str,
    ended: dict[str, Any],
) -> None:  # fmt: skip
    world, fault = surfaces(), made(kind, **params)
    fault.check(world)
    assert fault.place() == place
    assert state(world) == QUIET
    assert fault.begin(world) == says
    assert state(world) == QUIET | begun
    assert fault.end(world) == ends
    assert state(world) == QUIET | ended


def test_every_kind_has_a_row_a_name_and_a_documented_model() -> None:
    elsewhere = set(kinds()) - {row[0] for row in ROWS}
    others = [path.read_text("utf-8") for path in TESTS.glob("test_*.py") if path != Path(__file__)]
    cases = [
        path.read_text("utf-8")
        for folder in ("cases", "changes")
        for path in (TESTS.parent / "scenarios" / folder).glob("*.yml")
    ]
    assert {
        kind
        for kind in elsewhere
        if not any(f'"{kind}"' in text for text in others)
        and not any(f"kind: {kind}" in text for text in cases)
    } == set()
    assert set(vocabulary()) == set(kinds())
    for name, family in kinds().items():
        assert family.kind == name
        assert family.__doc__
        assert family.Params.__doc__ != FaultParams.__doc__
        assert family.Params.model_config["frozen"]


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        ("source-death", {"source": "albino"}, "did you mean 'albion'"),
        ("source-scale", {"source": "nobody"}, "no source is called 'nobody'"),
        ("node-misreport", {"node": "node-2"}, "did you mean 'node-1'"),
        ("node-misreport", {"node": "trader-1"}, "trader-1 reports nothing.*needs an oracle node"),
    ],
)
def test_a_name_that_is_not_there_is_found_before_anything_happens(
    *, kind: str, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        made(kind, **params).check(surfaces())


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("source-death", {}),
        ("source-death", {"source": "albion", "extra": 1}),
        ("source-scale", {"source": "albion", "numerator": 0}),
        ("source-scale", {"source": "albion", "denominator": -1}),
        ("node-misreport", {"node": "node-1", "numerator": 0}),
        ("volume-surge", {"factor_ppm": 0}),
        ("feed-bounds-open", {"commodity": "WTI"}),
    ],
)
def test_parameters_that_make_no_sense_are_refused(kind: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(kind, **params)


def test_only_a_latent_fault_changes_what_is_deployed() -> None:
    spec = DeploymentSpec()
    for kind, params, *_ in ROWS:
        prepared = made(kind, **params).prepare(spec)
        if kind == "feed-bounds-open":
            assert prepared.feeds["WTI"].max_answer == 10_000 * 10**8
            assert prepared.feeds["WTI"].min_answer == spec.feeds["WTI"].min_answer
            assert spec.feeds["WTI"].max_answer == 500 * 10**8, "what was approved stays"
        else:
            assert prepared is spec


def test_a_feed_that_is_not_deployed_cannot_be_left_open() -> None:
    with pytest.raises(UnknownName, match="no feed is called 'BRENT'"):
        made("feed-bounds-open", commodity="BRENT", max_answer=1).prepare(DeploymentSpec())
