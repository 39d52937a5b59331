"""Reads a Prometheus rule file and remembers where everything stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from twin.errors import Problem, nearest
from twin.monitoring.rules import Group, Rule

__all__ = ["parse_duration", "read_rules"]

_UNITS = (("y", 31536000), ("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_DURATION = re.compile("".join(rf"(?:(\d+){unit})?" for unit, _ in _UNITS))
_LABEL = re.compile(r"[a-zA-Z_]\w*", re.ASCII)
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

_RULE_FIELDS = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")
_GROUP_FIELDS = ("name", "interval", "rules")


def parse_duration(text: str) -> int | None:
    """Return the seconds of a Prometheus duration such as `1h30m` or `0`; None for any other text."""
    if text == "0":
        return 0
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        return None
    parts = zip(match.groups(), _UNITS, strict=True)
    return sum(int(amount) * size for amount, (_, size) in parts if amount)


def read_rules(path: Path) -> tuple[list[Group], list[Problem]]:
    """Return the groups of the file at *path* and its mistakes; a group with some is left out."""
    reader = _Reader(str(path))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        return [], [Problem(str(path), 1, 1, f"cannot be read: {problem}")]
    return reader.file(text), reader.problems


class _Reader:
    """Walks the YAML nodes of one file, collecting problems instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        """Start without problems."""
        self.name = file
        self.problems: list[Problem] = []

    def problem(self, node: yaml.Node, message: str, hint: str = "") -> None:
        """Note that *node* is wrong."""
        mark = node.start_mark
        self.problems.append(Problem(self.name, mark.line + 1, mark.column + 1, message, hint))

    def file(self, text: str) -> list[Group]:
        """Read the whole *text*."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as problem:
            mark = getattr(problem, "problem_mark", None)
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            message = f"no YAML: {getattr(problem, 'problem', problem)}"
            self.problems.append(Problem(self.name, line, column, message))
            return []
        if root is None:
            self.problems.append(Problem(self.name, 1, 1, "an empty file", "write `groups:`"))
            return []
        top = self.fields(root, ("groups",), "a rule file")
        groups: list[Group] = []
        for node in self.items(top.get("groups"), root, "groups"):
            group = self.group(node)
            if group is not None:
                if any(group.name == other.name for other in groups):
                    self.problem(node, f"two groups are called {group.name!r}")
                groups.append(group)
        return groups

    def fields(self, node: yaml.Node, known: tuple[str, ...], what: str) -> Mapping[str, yaml.Node]:
        """Return the fields of a mapping *node*; other names than *known* are problems."""
        found: dict[str, yaml.Node] = {}
        for key, value in self.pairs(node, what):
            if key.value not in known:
                near = nearest(key.value, known)
                hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
                self.problem(key, f"{what} has no field {key.value!r}", hint)
            found[key.value] = value
        return found

    def pairs(self, node: yaml.Node, what: str) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Yield keys and values of a mapping; anything else, and a key twice, is a problem."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, f"{what} is a mapping of names to values")
            return
        seen: list[str] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.problem(key, f"a name in {what} is plain text")
            elif key.value in seen:
                self.problem(key, f"{key.value!r} stands twice in {what}")
            else:
                seen.append(key.value)
                yield key, value

    def items(self, node: yaml.Node | None, owner: yaml.Node, what: str) -> list[yaml.Node]:
        """Return the items of a sequence *node* that must be there."""
        if isinstance(node, yaml.SequenceNode) and node.value:
            return list(node.value)
        self.problem(node or owner, f"{what} is a list with at least one item")
        return []

    def text(self, node: yaml.Node, what: str) -> str:
        """Return a scalar as it is written."""
        if isinstance(node, yaml.ScalarNode) and node.value.strip():
            return str(node.value).strip()
        self.problem(node, f"{what} is text")
        return ""

    def seconds(self, fields: Mapping[str, yaml.Node], name: str) -> int:
        """Return the duration called *name*, 0 where there is none."""
        node = fields.get(name)
        if node is None:
            return 0
        text = self.text(node, name)
        found = parse_duration(text)
        if found is None:
            self.problem(node, f"{name}: {text!r} is no duration of whole seconds", "as in 1h30m")
            return 0
        return found

    def group(self, node: yaml.Node) -> Group | None:
        """Read one group."""
        before = len(self.problems)
        fields = self.fields(node, _GROUP_FIELDS, "a group")
        if "name" not in fields:
            self.problem(node, "a group without `name`")
            name = ""
        else:
            name = self.text(fields["name"], "name")
        interval = self.seconds(fields, "interval")
        nodes = self.items(fields.get("rules"), node, "rules")
        rules = [rule for one in nodes if (rule := self.rule(one)) is not None]
        if not rules and len(self.problems) > before:
            return None
        return Group(name, interval, tuple(rules))

    def rule(self, node: yaml.Node) -> Rule | None:
        """Read one rule; None where it has problems."""
        before = len(self.problems)
        fields = self.fields(node, _RULE_FIELDS, "a rule")
        kinds = [kind for kind in ("record", "alert") if kind in fields]
        if len(kinds) != 1:
            self.problem(node, "a rule has exactly one of `alert` and `record`")
            return None
        kind = kinds[0]
        name = self.text(fields[kind], kind)
        if kind == "record":
            if not _METRIC.fullmatch(name):
                self.problem(fields[kind], f"record: {name!r} is no metric name")
            for extra in ("for", "keep_firing_for", "annotations"):
                if extra in fields:
                    self.problem(fields[extra], f"a recording rule has no `{extra}`")
        if "expr" not in fields:
            self.problem(node, f"rule {name!r} without `expr`")
        expr = self.text(fields["expr"], "expr") if "expr" in fields else ""
        hold, keep = self.seconds(fields, "for"), self.seconds(fields, "keep_firing_for")
        labels = self.texts(fields.get("labels"), "labels")
        annotations = self.texts(fields.get("annotations"), "annotations")
        if len(self.problems) > before:
            return None
        return Rule(
            kind="alert" if kind == "alert" else "record",
            name=name,
            expr=expr,
            hold=hold,
            keep_firing=keep,
            labels=labels,
            annotations=annotations,
            file=self.name,
            places=_places(node, kind),
        )

    def texts(self, node: yaml.Node | None, what: str) -> dict[str, str]:
        """Return a mapping of label names to text."""
        found: dict[str, str] = {}
        if node is None:
            return found
        for key, value in self.pairs(node, what):
            if not _LABEL.fullmatch(key.value) or key.value == "__name__":
                self.problem(key, f"{what}: {key.value!r} is no label name")
            found[key.value] = self.text(value, f"{what}.{key.value}")
        return found


def _places(node: yaml.Node, kind: str) -> dict[str, tuple[int, int]]:
    """Line and column of the rule, its fields, and its labels and annotations."""
    places = {"": (node.start_mark.line + 1, node.start_mark.column + 1)}
    for key, value in node.value:
        name = "name" if key.value == kind else key.value
        places[name] = (value.start_mark.line + 1, value.start_mark.column + 1)
        if isinstance(value, yaml.MappingNode):
            for inner, text in value.value:
                mark = text.start_mark
                places[f"{name}.{inner.value}"] = (mark.line + 1, mark.column + 1)
    return places
