"""What a scenario expects of a run, and the thresholds that its metrics must keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from twin.scenario.spec import Spec, disagree
from twin.scenario.values import Label, Plain, Seconds

__all__ = [
    "EXPECTATIONS",
    "AlertExpected",
    "EventExpected",
    "Expectation",
    "IncidentExpected",
    "IncidentState",
    "LossExpected",
    "NoAlertExpected",
    "PagesExpected",
    "ProcedureExpected",
    "Severity",
    "Threshold",
]

IncidentState = Literal["open", "classified", "contained", "recovering", "closed", "dismissed"]
"""The states of `twin.desk.incidents`, which this layer may not import; a test compares them."""

Severity = Literal["P1", "P2", "P3", "P4", "P5"]


class _Expected(Spec):
    why: str | None = None


class _Timed(_Expected):
    """Within *within* seconds (or ever) of *after*: a sealed fault's beginning or `start`."""

    within: Seconds | None = Field(default=None, ge=1)
    after: Label = "start"


class AlertExpected(_Timed):
    """The rule *alert* fires."""

    alert: Label


class NoAlertExpected(_Expected):
    """The rule *no_alert* never fires."""

    no_alert: Label


class PagesExpected(_Expected):
    """People are called *pages_at_most* times."""

    pages_at_most: int = Field(ge=0, strict=True)


class ProcedureExpected(_Timed):
    """A run of *procedure* ends with *verdict*: ok, finding, no-data, done, refused, failed."""

    procedure: Label
    verdict: Literal["ok", "finding", "no-data", "done", "refused", "failed"]


class EventExpected(_Expected):
    """*at_least* and *at_most* events of this kind in the log have the fields of *where*.

    A key of *where* is a field of the event, or an argument of a contract's log.
    """

    event: str
    where: Mapping[str, Plain] = Field(default_factory=dict)
    at_least: int = Field(default=1, ge=0, strict=True)
    at_most: int | None = Field(default=None, ge=0, strict=True)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.at_most is not None and self.at_most < self.at_least:
            raise disagree("at_most", "is below at_least, which is 1 unless it is given")
        return self


class IncidentExpected(_Timed):
    """An incident, of *severity* and *family* where they are given, gets to this state."""

    incident: IncidentState
    severity: Severity | None = None
    family: str | None = None


class LossExpected(_Expected):
    """The net loss is *loss_at_most* units of the declared loss."""

    loss_at_most: int = Field(strict=True)


EXPECTATIONS: Mapping[str, type[_Expected]] = {
    "alert": AlertExpected,
    "no_alert": NoAlertExpected,
    "pages_at_most": PagesExpected,
    "procedure": ProcedureExpected,
    "event": EventExpected,
    "incident": IncidentExpected,
    "loss_at_most": LossExpected,
}
"""The one key that an expectation is known by, and its model."""


def _key_of(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((key for key in EXPECTATIONS if key in value), None)
    return next((key for key in EXPECTATIONS if hasattr(value, key)), None)


Expectation = Annotated[
    Annotated[AlertExpected, Tag("alert")]
    | Annotated[NoAlertExpected, Tag("no_alert")]
    | Annotated[PagesExpected, Tag("pages_at_most")]
    | Annotated[ProcedureExpected, Tag("procedure")]
    | Annotated[EventExpected, Tag("event")]
    | Annotated[IncidentExpected, Tag("incident")]
    | Annotated[LossExpected, Tag("loss_at_most")],
    Discriminator(_key_of),
]
"""One thing that must (or must not) happen; which one, the key says."""


class Threshold(Spec):
    """The PromQL *expr* stays within *min*..*max*: always, at the end, or ever once.

    It counts from *since* seconds after the start. No sample at all is a failure.
    """

    name: Label
    expr: str = Field(min_length=1)
    min: float | None = None
    max: float | None = None
    when: Literal["always", "end", "ever"] = "always"
    since: Seconds = 0

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.min is None and self.max is None:
            raise disagree("", "has neither min nor max: a threshold limits something")
        if self.min is not None and self.max is not None and self.max < self.min:
            raise disagree("max", "is below min: no value could pass")
        return self
