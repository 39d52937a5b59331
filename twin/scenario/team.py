"""The people who run the network: their shifts, how they answer, and who signs for what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from twin.scenario.shown import show_input
from twin.scenario.spec import Spec, disagree
from twin.scenario.values import Label, Seconds, Share

__all__ = [
    "WEEK",
    "AuthoritySpec",
    "Day",
    "HabitSpec",
    "Hour",
    "PersonSpec",
    "PolicyName",
    "ShiftSpec",
    "TeamSpec",
    "TimeZone",
]

PolicyName = Literal["playbook", "panic", "none", "human"]
"""Who decides: see `twin.team.policies`."""

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder, as in "America"
        rule = "a name of the IANA database such as Europe/Zurich, Asia/Singapore or UTC"
        raise ValueError(f"{show_input(name)} is no time zone: write {rule}") from None
    return name


def _hour(text: str) -> str:
    if not _HOUR.fullmatch(text):
        raise ValueError(f'{show_input(text)} is no time of day: write HH:MM in quotes, "06:00"')
    return text


TimeZone = Annotated[str, AfterValidator(_zone)]
"""A name of the IANA database."""

Hour = Annotated[
    str,
    AfterValidator(_hour),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"}),
]
"""A local time of day, `HH:MM`; `24:00` ends a day."""


class ShiftSpec(Spec):
    """Local hours *start*..*end* on *days*; *end* before *start* passes midnight."""

    timezone: TimeZone = "UTC"
    days: tuple[Day, ...] = Field(default=WEEK, min_length=1)
    start: Hour = "00:00"
    end: Hour = "24:00"

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise disagree("end", 'equals start: write "00:00" to "24:00" for the whole day')
        if self.start == "24:00":
            raise disagree("start", 'is the end of a day: write "00:00"')
        return self


class PersonSpec(Spec):
    """Somebody with *roles*, who answers a page log-normally: *ack_median* and *ack_p95* seconds.

    Off shift it takes *off_shift_factor* times as long; the share *unreachable* of all pages is
    never answered. Each page of the last twelve hours makes the next answer, and all work, longer
    by the share *fatigue*. *skills* say how many times the declared effort they take in a role.
    """

    name: Label
    roles: tuple[Label, ...] = Field(min_length=1)
    shift: ShiftSpec = ShiftSpec()
    ack_median: Seconds = Field(ge=1)
    ack_p95: Seconds
    off_shift_factor: int = Field(default=4, ge=1, le=1_000, strict=True)
    unreachable: Share = 0.0
    fatigue: Share = 0.0
    skills: Mapping[Label, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for role, factor in self.skills.items():
            if role not in self.roles:
                raise disagree("skills", "{role} is none of the person's roles", role=role)
            if not 0.1 <= factor <= 10:
                raise disagree(
                    "skills",
                    "{role}: {factor} is not 0.1 to 10 times",
                    role=role,
                    factor=str(factor),
                )
        if self.ack_p95 < self.ack_median:
            raise disagree("ack_p95", "is shorter than ack_median: 95 % of answers come by then")
        return self


class AuthoritySpec(Spec):
    """An action in this name needs *threshold* of *signers*, *signing* seconds of each."""

    signers: tuple[Label, ...] = Field(min_length=1)
    threshold: int = Field(ge=1, strict=True)
    signing: Seconds = 120

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.threshold > len(self.signers):
            raise disagree(
                "threshold",
                "{threshold} is more than the {signers} signers: it could never be met",
                threshold=self.threshold,
                signers=len(self.signers),
            )
        return self


class HabitSpec(Spec):
    """What people get used to: an alert triaged *after* times in *window* seconds is judged false.

    *share* is the share of its later alerts that are, although the playbook takes them for real.
    """

    after: int = Field(default=3, ge=1, strict=True)
    window: Seconds = 7 * 86_400
    share: Share = 0.5


class TeamSpec(Spec):
    """The team: `playbook` runs the procedures with *people*, `none` lets things happen.

    `panic` stops what it can and releases nothing. With `human` somebody at the terminal takes
    the decisions. Whoever takes a run over from
    somebody who left reads in on it for *handover* seconds.
    """

    policy: PolicyName = "none"
    handover: Seconds = 300
    habituation: HabitSpec | None = None
    people: tuple[PersonSpec, ...] = ()
    authorities: Mapping[Label, AuthoritySpec] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_staffed(self) -> Self:
        if self.policy != "none" and not self.people:
            raise disagree("policy", f"{self.policy} needs people: add one, or write none")
        return self
