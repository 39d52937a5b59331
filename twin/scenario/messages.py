"""What pydantic found, said at the place in the file, in the words of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from twin.scenario.expectations import EXPECTATIONS
from twin.scenario.positions import Node, Step, reach
from twin.scenario.problems import Place, Report, hint
from twin.scenario.shown import show_input
from twin.scenario.spec import DISAGREE
from twin.scenario.walk import follow, models

__all__ = ["refuse_flags", "said", "translate"]

_FORMS = {
    "model_type": "a mapping of fields", "model_attributes_type": "a mapping of fields",
    "dict_type": "a mapping", "mapping_type": "a mapping", "tuple_type": "a list",
    "list_type": "a list", "string_type": "text", "int_type": "a whole number",
    "int_from_float": "a whole number", "int_parsing": "a whole number",
    "float_type": "a number", "float_parsing": "a number", "bool_type": "true or false",
    "bool_parsing": "true or false", "decimal_type": "a number", "decimal_parsing": "a number",
    "path_type": "the name of a file",
}  # fmt: skip
"""What each type of error wanted."""

_BOUNDS = {
    "greater_than": ("gt", "more than"), "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"), "less_than_equal": ("le", "at most"),
}  # fmt: skip


def said(path: Sequence[Step]) -> str:
    """Return *path* as a reader writes it: `team.people[0].shift.start`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def translate(
    error: ValidationError,
    model: type[BaseModel],
    *,
    root: Node,
    prefix: tuple[Step, ...],
    report: Report,
) -> None:
    """Report everything in *error*, which *model* raised over the part of *root* at *prefix*.

    What lies in a broken part of the file, or below a key that is none, is left out: it follows
    from what is reported there.
    """
    errors = error.errors(include_url=False)
    bad_keys = [item["loc"][:-1] for item in errors if item["loc"][-1:] == ("[key]",)]
    for item in errors:
        location = item["loc"]
        inside = sum(other["loc"][: len(location)] == location for other in errors) > 1
        if item["type"] == "too_short" and inside:
            continue  # pydantic counts the good items alone
        of_key = location[-1:] == ("[key]",)
        if not of_key and any(location[: len(key)] == key for key in bad_keys):
            continue
        inner, expected = follow(model, location[:-1] if of_key else location)
        _Told(item, (*prefix, *inner), expected, of_key=of_key, root=root).to(report)


class _Told:
    """One error of pydantic: where it is and what is to be said."""

    def __init__(
        self,
        error: ErrorDetails,
        path: tuple[Step, ...],
        expected: Sequence[Any],
        *,
        of_key: bool,
        root: Node,
    ) -> None:
        self._error, self._path, self._expected = error, path, expected
        self._of_key, self._root = of_key, root
        self._context: Mapping[str, Any] = error.get("ctx", {})
        self._last = str(error["loc"][-1]) if error["loc"] else ""

    def to(self, report: Report) -> None:
        if self._is_broken():
            return
        handler = {
            "missing": self._missing, "extra_forbidden": self._extra, "literal_error": self._literal,
            "union_tag_invalid": self._tag, "union_tag_not_found": self._tag, DISAGREE: self._disagree,
        }.get(self._error["type"], self._other)  # fmt: skip
        place, message, tail = handler()
        report.add(place, message, tail)

    def _is_broken(self) -> bool:
        """Say whether this lies in a part of the file that is reported already."""
        nodes = (reach(self._root, self._path[:end]) for end in range(len(self._path) + 1))
        if any(node is not None and node.broken for node in nodes):
            return True
        if self._error["type"] in {"missing", "extra_forbidden"}:
            child = reach(self._root, (*self._parent(), self._last))
            return child is not None and child.broken
        return False

    def _parent(self) -> tuple[Step, ...]:
        """The path of the section of a field that is missing or not known."""
        if self._path and self._path[-1] == self._last:
            return self._path[:-1]
        return self._path

    def _node(self, path: Sequence[Step]) -> Node:
        """Return the node at *path*, or the nearest above it."""
        return next(
            node
            for end in range(len(path), -1, -1)
            if (node := reach(self._root, path[:end])) is not None
        )

    def _section(self) -> str:
        return said(self._parent()) or "the scenario"

    def _missing(self) -> tuple[Place, str, str]:
        return self._node(self._parent()).anchor, f"{self._section()} needs {self._last!r}", ""

    def _extra(self) -> tuple[Place, str, str]:
        place = self._node((*self._parent(), self._last)).anchor
        known = [name for model in models(self._expected) for name in model.model_fields]
        message = f"{self._section()} has no field {self._last!r}"
        return place, message, hint(self._last, known)

    def _literal(self) -> tuple[Place, str, str]:
        node = self._node(self._path)
        place = node.anchor if self._of_key else node.place
        given = self._error["input"]
        choices = str(self._context["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
        if self._of_key:
            message = f"{said(self._path[:-1])} has no field {show_input(given)}"
        else:
            message = f"{said(self._path)}: {show_input(given)} is not one of its values"
        return place, message, hint(given, choices)

    def _tag(self) -> tuple[Place, str, str]:
        """Say that a section is not known by the key that tells what it is."""
        node = self._node(self._path)
        of = [name for model in models(self._expected) for name in model.model_fields]
        if "alert" in of:
            common = {name for model in EXPECTATIONS.values() for name in model.model_fields}
            present = next((key for key in node.fields or () if key not in common), "")
            return (
                node.anchor,
                f"{said(self._path)} expects nothing: it needs one key that says what",
                hint(present, EXPECTATIONS),
            )
        tags = [
            tag
            for model in models(self._expected)
            if "model" in model.model_fields
            for tag in get_args(model.model_fields["model"].annotation)
        ]
        chosen = (node.fields or {}).get("model")
        if chosen is None:
            return node.anchor, f"{said(self._path)} needs 'model'", hint(None, tags)
        message = f"{said(self._path)}.model: {show_input(chosen.plain())} is no model"
        return chosen.place, message, hint(chosen.plain(), tags)

    def _disagree(self) -> tuple[Place, str, str]:
        """Say that one field contradicts another, at its place or at its section's."""
        field = str(self._context["field"])
        path = (*self._path, field) if field else self._path
        node = reach(self._root, path) if field else None
        place = node.place if node is not None else self._node(self._path).anchor
        return place, f"{said(path)} {self._error['msg']}", ""

    def _other(self) -> tuple[Place, str, str]:
        node = self._node(self._path)
        place = node.anchor if self._of_key else node.place
        return place, f"{said(self._path) or 'the scenario'}: {self._reason()}", ""

    def _reason(self) -> str:
        kind, given = self._error["type"], show_input(self._error["input"])
        if kind == "value_error":
            return str(self._context["error"])
        if kind in _FORMS:
            return f"{given} is not {_FORMS[kind]}{self._quotes(kind)}"
        if kind in _BOUNDS:
            name, words = _BOUNDS[kind]
            return f"{given} is not {words} {self._context[name]}"
        if kind == "too_short":
            return f"it needs at least {self._context['min_length']}"
        if kind == "string_too_short":
            return "the text is empty"
        return f"{given}: {self._error['msg'][:1].lower()}{self._error['msg'][1:]}"

    def _quotes(self, kind: str) -> str:
        """Return what to do about quotes that are missing, or too many."""
        given = self._error["input"]
        if kind == "string_type" and isinstance(given, bool):
            return ": YAML reads yes, no, on and off so; put text in quotes"
        if kind == "string_type" and isinstance(given, (int, Decimal)):
            return ": put text in quotes"
        if kind == "int_type" and isinstance(given, str) and given.isdecimal():
            return ": take the quotes off"
        return ""


def refuse_flags(
    model: type[BaseModel], node: Node, *, prefix: tuple[Step, ...], report: Report
) -> None:
    """Report every true or false below *node* where *model* wants a number.

    Pydantic would read true as 1, and YAML reads `count: on` as true.
    """
    todo: list[tuple[tuple[Step, ...], Node]] = [((), node)]
    while todo:
        path, here = todo.pop()
        todo.extend(((*path, step), child) for step, child in here.children().items())
        if not isinstance(here.scalar, bool) or report.has(here.place):
            continue
        reached, expected = follow(model, path)
        if reached == path and not {bool, Any} & set(expected) and {int, float} & set(expected):
            shown = show_input(here.scalar)
            report.add(here.place, f"{said((*prefix, *path))}: {shown} is not a number")
