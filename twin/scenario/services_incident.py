"""Help from outside in an incident, as a scenario may declare it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from twin.scenario.spec import Spec
from twin.scenario.values import Label, Seconds

__all__ = ["ResponderSpec", "three_responders"]


class ResponderSpec(Spec):
    """A responder of *kind*, who answers after *answers* seconds (mean, exponential).

    The contract promises an answer within *within* seconds.
    """

    kind: Literal["auditor", "emergency", "counsel"]
    answers: Seconds = Field(default=1_200, ge=1)
    within: Seconds = Field(default=3_600, ge=1)


def three_responders() -> Mapping[Label, ResponderSpec]:
    """Return an emergency channel, an auditor and counsel."""
    return {
        "emergency-channel": ResponderSpec(kind="emergency", answers=600, within=1_800),
        "auditor": ResponderSpec(kind="auditor", answers=3_600, within=14_400),
        "counsel": ResponderSpec(kind="counsel", answers=7_200, within=28_800),
    }
