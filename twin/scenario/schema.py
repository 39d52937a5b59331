"""The JSON Schema (draft 2020-12) of scenario files, for editors.

It is made from the models and the vocabulary, so that an editor offers the fields, families and
rules that this version knows. What the schema cannot say (references, times inside the run) the
loader does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from twin.scenario.expectations import AlertExpected, NoAlertExpected, ProcedureExpected
from twin.scenario.models import AgentSpec, Document, FaultSpec, LossSpec, MonitoringSpec
from twin.scenario.shown import show_seconds, show_units
from twin.scenario.vocabulary import Vocabulary

__all__ = ["schema"]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
"""The name of the draft (an identifier; nothing is fetched)."""

_DECIMALS = {"price8": 8, "price6": 6, "tokens6": 6, "tokens18": 18, "quantity3": 3}


def schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the schema of a scenario file that names what *vocabulary* knows."""
    families = [*vocabulary.agents.values(), *vocabulary.faults.values()]
    every: dict[type[BaseModel], None] = dict.fromkeys([
        Document, AgentSpec, FaultSpec, LossSpec, MonitoringSpec, AlertExpected, NoAlertExpected,
        ProcedureExpected, *families, *vocabulary.procedures.values(),
    ])  # fmt: skip
    references, made = models_json_schema([(model, "validation") for model in every])
    definitions = made["$defs"]

    def named(model: type[BaseModel]) -> str:
        return str(references[(model, "validation")]["$ref"])

    def body(model: type[BaseModel]) -> dict[str, Any]:
        found: dict[str, Any] = definitions[named(model).rpartition("/")[2]]
        return found

    _chosen(body(AgentSpec), "family", {k: named(m) for k, m in vocabulary.agents.items()})
    _chosen(body(FaultSpec), "kind", {k: named(m) for k, m in vocabulary.faults.items()})
    _narrow(body(LossSpec)["properties"], "measure", vocabulary.losses)
    _narrow(body(AlertExpected)["properties"], "alert", vocabulary.rules)
    _narrow(body(NoAlertExpected)["properties"], "no_alert", vocabulary.rules)
    _narrow(body(ProcedureExpected)["properties"], "procedure", vocabulary.procedures)
    root = body(Document)
    _narrow(root["properties"]["invariants"], "items", vocabulary.invariants)
    root["properties"]["procedures"] = {
        "type": "object",
        "properties": {k: {"$ref": named(m)} for k, m in sorted(vocabulary.procedures.items())},
        "additionalProperties": False,
    }
    for part in _parts(definitions):
        _show_default(part)
    del definitions[named(Document).rpartition("/")[2]]
    return {"$schema": DRAFT, **root, "title": "FICTRA twin scenario", "$defs": definitions}


def _narrow(holder: dict[str, Any], name: str, valid: Collection[str]) -> None:
    """Let *name* in *holder* be one of *valid*; where nothing is known, leave it as it is."""
    if valid:
        holder[name] = {"type": "string", "enum": sorted(valid)}


def _chosen(body: dict[str, Any], tag: str, references: Mapping[str, str]) -> None:
    """Give `params` the schema that belongs to the value of *tag*; they may be left out."""
    _narrow(body["properties"], tag, references)
    body["properties"]["params"] = {"type": "object"}
    body["required"] = [name for name in body["required"] if name != "params"]
    body["allOf"] = [
        {
            "if": {"properties": {tag: {"const": name}}, "required": [tag]},
            "then": {"properties": {"params": {"$ref": reference}}},
        }
        for name, reference in sorted(references.items())
    ]


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object inside *value*, itself included."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from _parts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _parts(child)


def _show_default(part: dict[str, Any]) -> None:
    """Write the default of a value type as a person would, and drop defaults of whole sections."""
    default = part.get("default")
    kind = part.pop("x-value", None)
    if isinstance(default, dict):
        del part["default"]
    if kind is None or not isinstance(default, (int, float)):
        return
    if kind == "seconds":
        part["default"] = show_seconds(int(default))
    elif kind in _DECIMALS:
        part["default"] = show_units(int(default), _DECIMALS[kind]).replace(",", "_")
    elif kind == "pips":
        part["default"] = f"{show_units(int(default), 4)}%"
    elif kind == "gwei":
        part["default"] = f"{show_units(int(default), 9).replace(',', '_')} gwei"
