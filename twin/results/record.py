"""Records: the JSON files of a run folder as strict models, written and read in one form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from twin.errors import UsageError
from twin.results.disk import write_atomic

__all__ = ["SCHEMA_VERSION", "Record"]

SCHEMA_VERSION: Literal[1] = 1


class Record(BaseModel):
    """A strict record: no unknown key, no coercion, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file at *path*; raises UsageError with the first thing that is wrong."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as problem:
            reason = problem.strerror or str(problem)
            told = f"{path.parent} is not a run folder: {path.name}: {reason}"
            raise UsageError(told) from problem
        except ValidationError as problem:
            first = problem.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the file"
            kind = f"a {cls.__name__.lower()}"
            told = f"{path} is not {kind} of this twin: {place}: {first['msg']}"
            raise UsageError(told) from problem

    def write(self, path: Path) -> None:
        """Write it to *path* in one step: indented, keys sorted."""
        body = json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True, allow_nan=False)
        write_atomic(path, body.encode() + b"\n")
