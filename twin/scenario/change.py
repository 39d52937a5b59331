"""A change file: what is asked for, the exact calldata, what it must do, and how it is undone.

The same file is read by the change desk of a world, where a mistake in it is a finding of CR1, and
by `twin change`, where it is an error with its place. `checked` returns both the change and what
is wrong with the text, each at `file:line:column`, all at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, create_model, model_validator

from twin.errors import FileProblems, Problem, UsageError
from twin.scenario.messages import translate
from twin.scenario.positions import MAX_BYTES, compose
from twin.scenario.problems import Report
from twin.scenario.spec import Spec, disagree
from twin.scenario.values import Kebab, Label, Plain, Seconds

__all__ = ["Change", "checked", "digest", "load_change"]

_PREFIX = "0x"


def _hex(size: int | None) -> BeforeValidator:
    """Return what reads `0x` text of *size* bytes, or of 4 and more: a selector and arguments."""
    rule = (
        f'{size} bytes in quotes, "0x..."' if size else 'calldata in quotes, "0x..." of 4 bytes on'
    )

    def read(value: object) -> str:
        text = value if isinstance(value, str) else ""
        try:
            raw = bytes.fromhex(text.removeprefix(_PREFIX)) if text.startswith(_PREFIX) else b""
        except ValueError:
            raw = b""
        if (size and len(raw) != size) or len(raw) < 4:
            raise ValueError(f"{value!r} is not {rule}")
        return _PREFIX + raw.hex()

    return BeforeValidator(read)


Address = Annotated[str, _hex(20)]
Calldata = Annotated[str, _hex(None)]


def _argument(value: object) -> object:
    return [_argument(item) for item in value] if isinstance(value, list) else value


class ChangeCall(Spec):
    """One call: what the reviewer reads (*contract*, *function*, *args*), what is sent (*data*).

    *args* are as the ABI decodes them, with addresses and hashes as `0x` text. *to* is where it is
    sent; left out, the registered address of *contract*.
    """

    contract: Label
    function: str = Field(min_length=1)
    args: tuple[Annotated[Any, BeforeValidator(_argument)], ...] = ()
    data: Calldata
    to: Address | None = None


class Expected(Spec):
    """What one parameter, holding or role is before (where it is said) and after the change."""

    before: Plain | None = None
    after: Plain


class Risk(Spec):
    """The requester's own view: *level*, whether it is *reversible*, and *why*."""

    level: Literal["low", "medium", "high"]
    reversible: bool
    why: str = Field(min_length=10)


class WayBack(Spec):
    """How it is undone: *calls* that restore what was, or that repair forward, *within* seconds.

    *loses* says which data would be lost; "nothing" is an answer.
    """

    kind: Literal["rollback", "forward-fix"]
    calls: tuple[ChangeCall, ...] = Field(min_length=1)
    within: Seconds = Field(ge=1)
    loses: str = Field(min_length=1)


class Schedule(Spec):
    """When it may be carried out: from *earliest* to *latest*, both after the request arrived."""

    earliest: Seconds = 0
    latest: Seconds

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.latest <= self.earliest:
            raise disagree("latest", "is not after earliest")
        return self


class Criterion(Spec):
    """A PromQL *expr* that must lie in *min*..*max* at the horizon; no data is a failure."""

    expr: str = Field(min_length=1)
    min: float | None = None
    max: float | None = None
    why: str = ""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min is None and self.max is None:
            raise disagree("", "needs min or max: anything would pass")
        return self


class Success(Spec):
    """The *criteria*, judged *horizon* seconds after the change took effect, and not before."""

    horizon: Seconds = Field(ge=60)
    criteria: tuple[Criterion, ...] = Field(min_length=1)


_Classified = create_model(
    "_Classified", __base__=Spec, **{"class": (Literal["standard", "normal", "emergency"], ...)}
)  # type: ignore[call-overload]
"""The one field whose name in the file is a keyword of Python."""


class Change(_Classified):
    """What a change file holds."""

    schema_version: Literal[1] = 1
    id: Kebab
    title: str = Field(min_length=10)
    intent: str = Field(min_length=20)
    requester: Label
    authority: Label
    calls: tuple[ChangeCall, ...] = Field(min_length=1)
    expect: Mapping[str, Expected] = Field(min_length=1)
    risk: Risk
    back: WayBack
    schedule: Schedule
    approvers: tuple[Label, ...] = Field(min_length=1)
    quorum: int = Field(default=2, ge=1, strict=True)
    approval_lasts: Seconds = 7 * 86_400
    notice: Seconds = 0
    touches: tuple[str, ...] = ()
    success: Success

    @model_validator(mode="after")
    def _can_be_approved(self) -> Self:
        if self.quorum > len(set(self.approvers)):
            raise disagree("quorum", "is more than there are approvers: it could never be met")
        return self

    def plain(self) -> dict[str, Any]:
        """Return it as JSON-like data, as the change desk shows it."""
        found: dict[str, Any] = self.model_dump(mode="json")
        for criterion in found["success"]["criteria"]:  # evidence holds no bare floats
            for bound in ("min", "max"):
                value = criterion[bound]
                criterion[bound] = None if value is None else str(value)
        return found


def digest(text: str) -> str:
    """Return the SHA-256 of a change file's *text*, 64 hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def checked(text: str, file: str) -> tuple[Change | None, tuple[Problem, ...]]:
    """Return the change that *text* of *file* holds, or None, and everything wrong with it."""
    report = Report(file)
    root = compose(text, report)
    made: Change | None = None
    if root is not None:
        try:
            made = Change.model_validate(root.plain())
        except ValidationError as error:
            translate(error, Change, root=root, prefix=(), report=report)
    try:
        report.raise_any()
    except FileProblems as error:
        told = (replace(item, message=item.message.replace("the scenario", "the change"))
                for item in error.problems)  # fmt: skip
        return None, tuple(told)
    return made, ()


def load_change(path: Path) -> tuple[Change, str]:
    """Return the change in the file at *path* and its text.

    Raises FileProblems with every mistake in it, and UsageError when it cannot be read at all.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"the change file {path} cannot be read: {reason}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"the change file {path} is longer than {MAX_BYTES >> 20} MiB")
    made, problems = checked(text, str(path))
    if made is None:
        raise FileProblems(problems)
    return made, text
