"""From a file to a scenario, or to everything that is wrong with it at once.

    bytes -> text -> tree with places -> parameters (vocabulary) -> models -> names

Each stage reports what it finds and leaves what it can to the next, so that one look at the
messages is enough.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from twin.bundled import folder
from twin.catalog import Settings
from twin.errors import UsageError
from twin.scenario.messages import refuse_flags, translate
from twin.scenario.models import Document, Scenario
from twin.scenario.positions import MAX_BYTES, Node, Step, compose, find, reach
from twin.scenario.problems import Place, Report
from twin.scenario.references import References
from twin.scenario.vocabulary import Vocabulary

__all__ = ["SUFFIXES", "load", "loads"]

SUFFIXES = (".twin.yaml", ".twin.yml", ".yaml", ".yml")
"""What comes after a scenario's name in the name of its file."""

Params = TypeVar("Params", bound=BaseModel)


def load(path: Path | str, vocabulary: Vocabulary) -> Scenario:
    """Return the scenario in the file at *path*, whose names *vocabulary* completes.

    Raises FileProblems with every mistake in it, and UsageError when it cannot be read at all.
    """
    where = Path(path)
    try:
        with where.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"there is no scenario file {where}: name a NAME.twin.yaml") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"the scenario file {where} cannot be read: {reason}") from None
    return _build(data, where, vocabulary)


def loads(text: str, file: Path | str, vocabulary: Vocabulary) -> Scenario:
    """Return the scenario in *text* as `load` would from *file*, which need not exist."""
    return _build(text.encode("utf-8", "surrogatepass"), Path(file), vocabulary)


def _build(data: bytes, file: Path, vocabulary: Vocabulary) -> Scenario:
    report = Report(str(file))
    text = _decoded(data, report)
    root = compose(text, report) if text is not None else None
    if root is None or text is None:
        report.raise_any()
        raise AssertionError(file)  # no tree without a problem
    document = _Reading(root, file, vocabulary, report).document()
    report.raise_any()
    assert document is not None  # noqa: S101 - no document without a problem
    return _finished(document, file, data)


def _finished(document: Document, file: Path, data: bytes) -> Scenario:
    """Make the scenario of a *document* that has been validated: nothing is parsed twice."""
    fields: dict[str, Any] = {name: getattr(document, name) for name in Document.model_fields}
    fields["seeds"] = document.seeds or (document.seed,)
    return Scenario.model_construct(
        **fields, path=file, source_sha256=hashlib.sha256(data).hexdigest()
    )


def _decoded(data: bytes, report: Report) -> str | None:
    """Return *data* as text, without a byte order mark; None when it is too long or no UTF-8."""
    if len(data) > MAX_BYTES:
        report.add(Place(1, 1), f"the file is longer than {MAX_BYTES >> 20} MiB")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "ignore")) + 1
        report.add(
            Place(line, column),
            f"the byte 0x{data[error.start]:02x} is no UTF-8: save the file as UTF-8",
        )
        return None


class _Unknown(Settings):
    """Stands in for parameters that could not be read; never in a scenario that is returned."""


class _Reading:
    """One file being read."""

    def __init__(self, root: Node, file: Path, vocabulary: Vocabulary, report: Report) -> None:
        self._root, self._file, self._report = root, file, report
        self._vocabulary = vocabulary
        self._references = References(root, vocabulary, report)
        # UsageError from `folder` cannot be helped by the author of a scenario: let it out.
        self._context = {"folders": (file.parent, folder("scenarios"))}

    def document(self) -> Document | None:
        """Return the document, or None after a problem has been reported."""
        data = self._root.plain()
        if isinstance(data, dict):
            self._parameters(data)
        made = self._validated(Document, data, ())
        refuse_flags(Document, self._root, prefix=(), report=self._report)
        self._references.check()
        self._name()
        return made

    def _validated(
        self, model: type[Params], data: object, prefix: tuple[Step, ...]
    ) -> Params | None:
        try:
            return model.model_validate(data, context=self._context)
        except ValidationError as error:
            translate(error, model, root=self._root, prefix=prefix, report=self._report)
        return None

    def _parameters(self, data: dict[str, Any]) -> None:
        """Put validated instances in *data* for what the vocabulary has models of."""
        for pattern, tag, known in (
            ("agents.*", "family", self._vocabulary.agents),
            ("sealed.faults.*", "kind", self._vocabulary.faults),
            ("controls.*.faults.*", "kind", self._vocabulary.faults),
        ):
            for path, node in find(self._root, pattern):
                holder = _at(data, path)
                if not isinstance(holder, dict):
                    continue
                chosen = reach(node, (tag,))
                model = (
                    known.get(chosen.scalar) if chosen and isinstance(chosen.scalar, str) else None
                )
                given = holder.get("params")
                holder["params"] = self._made(
                    model, {} if given is None else given, (*path, "params")
                )
        procedures = data.get("procedures")
        if procedures is None or isinstance(procedures, dict):
            data["procedures"] = self._settings(procedures or {})

    def _settings(self, given: dict[str, Any]) -> dict[str, BaseModel]:
        return {
            name: self._made(
                model, {} if given.get(name) is None else given[name], ("procedures", name)
            )
            for name, model in sorted(self._vocabulary.procedures.items())
        }

    def _made(
        self, model: type[BaseModel] | None, given: object, path: tuple[Step, ...]
    ) -> BaseModel:
        """Return an instance of *model* from what is *given* at *path*, or one that stands in."""
        if model is None:
            return _Unknown()
        made = self._validated(model, given, path)
        node = reach(self._root, path)
        if node is not None:
            refuse_flags(model, node, prefix=path, report=self._report)
        self._references.check_parameters(model, path, defaults=path[0] != "procedures")
        return made if made is not None else _Unknown()

    def _name(self) -> None:
        """Report a scenario that is not called what its file is."""
        suffix = next((item for item in SUFFIXES if self._file.name.endswith(item)), None)
        node = reach(self._root, ("name",))
        if suffix is None or node is None or not isinstance(node.scalar, str):
            return
        stem = self._file.name.removesuffix(suffix)
        if node.scalar != stem and not self._report.has(node.place):
            self._report.add(
                node.place, f"name: {node.scalar!r} is not the file's name: write {stem}"
            )


def _at(data: Any, path: tuple[Step, ...]) -> Any:
    for step in path:
        data = data[step]
    return data
