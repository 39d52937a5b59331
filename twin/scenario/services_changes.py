"""The change desk as a scenario declares it: who asks for what, when, and the calendar."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from twin.scenario.spec import Spec, disagree
from twin.scenario.values import Label, Seconds

__all__ = ["ChangesSpec", "RequestSpec", "WindowSpec"]


class WindowSpec(Spec):
    """A freeze: from *at* to *until* seconds after the start nothing but emergencies is changed."""

    name: Label
    at: Seconds
    until: Seconds

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.until <= self.at:
            raise disagree("until", "is not after at")
        return self


class RequestSpec(Spec):
    """A change file that *author* hands in *at*: the name of a *file*, or its *text*.

    What is wrong inside it is for the change procedures to find, not for the scenario's check.
    """

    at: Seconds
    author: Label
    text: str = ""
    file: str = ""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("file"), str):
            return data
        folders: tuple[Path, ...] = (info.context or {}).get("folders", ())
        for folder in folders:
            path = folder / data["file"]
            if path.is_file():
                return {**data, "text": data.get("text") or path.read_text("utf-8")}
        return data

    @field_validator("file")
    @classmethod
    def _named(cls, value: str, info: ValidationInfo) -> str:
        if value and not info.data.get("text"):
            raise ValueError(f"there is no change file {value!r} beside the scenario")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.text:
            raise disagree("", "needs the text of a change, or the file that holds it")
        return self


class ChangesSpec(Spec):
    """*requests*, *freezes* and whether the desk is *open* though nobody asks for anything yet."""

    open: bool = False
    requests: tuple[RequestSpec, ...] = ()
    freezes: tuple[WindowSpec, ...] = Field(default=())
