"""The base of every section of a scenario, and the way two fields of one section disagree."""

from __future__ import annotations

from typing import LiteralString

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

__all__ = ["DISAGREE", "Spec", "disagree"]

DISAGREE = "fictra_disagree"
"""The type of the errors that `disagree` makes."""


class Spec(BaseModel):
    """A section: frozen, without room for a field that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def disagree(field: str, message: LiteralString, **values: str | int) -> PydanticCustomError:
    """Return the error that *field* contradicts another, or with "" that the section does.

    *message* is a template over *values*; the loader shows it at the place of it.
    """
    return PydanticCustomError(DISAGREE, message, {"field": field, **values})
