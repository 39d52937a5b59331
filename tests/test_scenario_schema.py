from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from twin.catalog import Settings
from twin.library import Library
from twin.scenario import Vocabulary, loads, schema
from twin.scenario.models import Document
from twin.scenario.values import Gwei, Pips, Price8, Seconds, Tokens6, Tokens18


class NoiseParams(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    trades_per_day: float = Field(default=24, gt=0)
    size: Tokens6 = 1_500 * 10**6


class LiarParams(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    price: Price8 = 7_825_000_000
    delay: Seconds = 5_400
    share: Pips = 3_000
    stake: Tokens18 = 10**16
    tip: Gwei = 1_500_000_000


class Response(Settings):
    tolerance: Pips = 20_000


VOCABULARY = Vocabulary(
    agents={"noise": NoiseParams, "liar": LiarParams},
    faults={"liar": LiarParams},
    procedures={"NR1": Response, "ME4": Settings},
    rules=("PoolDepthLow",),
    invariants=("pt-supply",),
    losses=("ft-over-entitlement",),
)

GOOD = """\
name: s
title: t
description: d
start: 2009-01-05T00:00:00Z
duration: 1h30m
seed: 1
chain: {block_interval: 12, base_fee: 20 gwei}
protocol:
  feeds: {WTI: {min_answer: -100.5, max_answer: "500", deviation: 50bp}}
  fees: {swap: {fee: 0.3%, min: 5bp, max: 10000pips}}
  pool: {pt: 5_000_000, stable: "4_000_000.5"}
market:
  commodities: {WTI: {model: schwartz-smith, initial: 50}}
  venues: {meridian: {volatility: 2%, refill: 0.5}}
agents:
  - {family: noise, name: n, count: 3, params: {trades_per_day: 4}}
  - {family: noise, name: m}
team:
  people: [{name: a, roles: [lead], ack_median: 3m, ack_p95: 9m, shift: {end: "14:00"}}]
procedures: {NR1: {tolerance: 1%}}
monitoring: {rules: [PoolDepthLow]}
sealed: {faults: [{name: f, kind: liar, at: 1h, params: {price: 5}}]}
expect:
  - {alert: PoolDepthLow, within: 5m, after: f}
  - {event: incident, where: {state: open}}
invariants: [pt-supply]
claims_not_made: [x]
"""

BAD = [
    ("duration: 1h30m", "duration: 1 hour"),
    ("seed: 1", "sede: 1"),
    ("family: noise, name: n", "family: noize, name: n"),
    ("trades_per_day: 4", "trades_per_week: 4"),
    ("kind: liar", "kind: lair"),
    ("tolerance: 1%", "tolerance: 1"),
    ("NR1:", "NR2:"),
    ("alert: PoolDepthLow", "alert: PoolDepth"),
    ("model: schwartz-smith", "model: schwartz"),
    ("fee: 0.3%", "fee: 0.3"),
    ("swap:", "swp:"),
    ("[pt-supply]", "[pt-suply]"),
    ('"14:00"', '"2pm"'),
]


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return schema(VOCABULARY)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from objects(child)
    elif isinstance(value, list):
        for child in value:
            yield from objects(child)


def test_every_reference_is_defined_and_nothing_is_fetched(made: dict[str, Any]) -> None:
    references = {item["$ref"] for item in objects(made) if "$ref" in item}
    assert references
    assert {ref.removeprefix("#/$defs/") for ref in references} <= made["$defs"].keys()


def test_the_root_has_the_fields_of_a_document(made: dict[str, Any]) -> None:
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["properties"].keys() == Document.model_fields.keys()
    assert made["additionalProperties"] is False
    assert set(made["required"]) == {
        name for name, field in Document.model_fields.items() if field.is_required()
    }


def test_defaults_are_shown_as_they_are_written(made: dict[str, Any]) -> None:
    fields = made["$defs"]["LiarParams"]["properties"]
    assert {name: field["default"] for name, field in fields.items()} == {
        "price": "78.25", "delay": "1h30m", "share": "0.3%", "stake": "0.01", "tip": "1.5 gwei",
    }  # fmt: skip
    assert made["$defs"]["NoiseParams"]["properties"]["size"]["default"] == "1_500"
    assert not [item for item in objects(made) if "x-value" in item]


def test_names_of_the_vocabulary_are_offered(made: dict[str, Any]) -> None:
    definitions = made["$defs"]
    assert definitions["AgentSpec"]["properties"]["family"]["enum"] == ["liar", "noise"]
    assert definitions["FaultSpec"]["properties"]["kind"]["enum"] == ["liar"]
    assert definitions["AlertExpected"]["properties"]["alert"]["enum"] == ["PoolDepthLow"]
    assert made["properties"]["procedures"]["properties"].keys() == {"NR1", "ME4"}
    assert made["properties"]["invariants"]["items"]["enum"] == ["pt-supply"]


def test_an_empty_vocabulary_leaves_names_open() -> None:
    assert schema(Vocabulary())["$defs"]["AgentSpec"]["properties"]["family"]["type"] == "string"


def test_the_schema_is_the_same_every_time(made: dict[str, Any]) -> None:
    assert schema(VOCABULARY) == made


def test_the_sample_is_a_scenario() -> None:
    assert loads(GOOD, "s.twin.yaml", VOCABULARY).duration == 5_400


def test_a_scenario_validates(made: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(made)
    jsonschema.Draft202012Validator(made).validate(read(GOOD))


@pytest.mark.parametrize(("good", "bad"), BAD)
def test_a_mistake_does_not_validate(made: dict[str, Any], good: str, bad: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    assert GOOD.count(good) == 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(made).validate(read(GOOD.replace(good, bad)))


def test_the_committed_schema_is_this_version_s(root: Path) -> None:
    committed = json.loads((root / "scenarios" / "scenario.schema.json").read_text("utf-8"))
    renew = "renew it: twin schema --out scenarios/scenario.schema.json"
    assert committed == schema(Library().vocabulary), renew


def test_the_bundled_scenarios_validate(root: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    committed = json.loads((root / "scenarios" / "scenario.schema.json").read_text("utf-8"))
    files = sorted((root / "scenarios").glob("*.twin.yaml"))
    assert files
    for file in files:
        jsonschema.Draft202012Validator(committed).validate(read(file.read_text("utf-8")))


def read(text: str) -> Any:
    """Read as an editor does: by YAML 1.2, where a date is text."""

    class Editor(yaml.SafeLoader):
        pass

    Editor.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, node: str(node.value))
    return yaml.load(text, Loader=Editor)  # noqa: S506 - a safe loader but for dates
