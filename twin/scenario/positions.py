"""A YAML file as a tree that knows where everything stands.

The tree is built from PyYAML's events, in a loop: aliases, anchors, tags and second documents are
seen before anything is made of them, and depth is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from twin.scenario.problems import Place, Report
from twin.scenario.scalars import Scalars, cut, kind_of

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Node", "Step", "compose", "find", "reach"]

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
Step = str | int
"""A key of a mapping or an index of a list."""

_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""YAML's unprintable characters, and the line separators that editors do not count as lines."""


@dataclass(slots=True)
class Node:
    """A value in the file: a scalar, or the named *fields* of a mapping, or the *items* of a list.

    *place* is where it begins, *key* where the key that holds it stands. A *broken* node is one
    whose problem has been reported: whatever else is wrong with it follows from that.
    """

    place: Place
    key: Place | None = None
    scalar: Any = None
    fields: dict[str, Node] | None = None
    items: list[Node] | None = None
    broken: bool = False

    def children(self) -> Mapping[Step, Node]:
        """Return what is directly inside, by key or index."""
        if self.fields is not None:
            return dict(self.fields.items())
        return dict(enumerate(self.items or ()))

    def plain(self) -> Any:
        """Return the value as dictionaries, lists, text, numbers, booleans and None."""
        if self.fields is not None:
            return {name: child.plain() for name, child in self.fields.items()}
        if self.items is not None:
            return [child.plain() for child in self.items]
        return self.scalar

    @property
    def anchor(self) -> Place:
        """The place that a reader is sent to for the node as a whole: its key's, if it has one."""
        return self.key or self.place


def reach(root: Node, path: Sequence[Step]) -> Node | None:
    """Return the node at *path* below *root*, or None where the file has none."""
    here: Node | None = root
    for step in path:
        if here is None:
            return None
        if isinstance(step, int):
            here = here.items[step] if here.items and step < len(here.items) else None
        else:
            here = (here.fields or {}).get(step)
    return here


def find(root: Node, pattern: str) -> Iterator[tuple[tuple[Step, ...], Node]]:
    """Yield path and node of everything that the dotted *pattern* names; `*` is any child."""
    level: list[tuple[tuple[Step, ...], Node]] = [((), root)]
    for part in pattern.split("."):
        level = [
            ((*path, step), child)
            for path, node in level
            for step, child in node.children().items()
            if part in {"*", step}
        ]
    yield from level


def compose(text: str, report: Report) -> Node | None:
    """Return the tree of the one document in *text*; what is wrong with it goes to *report*.

    None when there is no tree at all: a syntax error, an empty file, too much depth.
    """
    if strange := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, strange.start()) + 1
        column = strange.start() - (text.rfind("\n", 0, strange.start()) + 1) + 1
        report.add(
            Place(line, column),
            f"the character U+{ord(strange.group()):04X} is not printable: write it as an escape "
            "in double quotes or remove it",
        )
        return None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(report)
    try:
        for event in yaml.parse(text, Loader=loader):
            if not builder.take(event):
                return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(filter(None, (error.context, error.problem)))
        report.add(_place(mark) if mark else Place(1, 1), f"this is no YAML: {said}")
        return None
    if builder.root is None:
        report.add(Place(1, 1), "the file is empty: a scenario has at least a name and a start")
    return builder.root


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being filled.

    The value of *key* comes next; with *skip* it is left out, since its key was no good.
    """

    node: Node
    key: tuple[str, Place] | None = None
    skip: bool = False


class _Builder:
    """Builds the tree from events, one `take` each."""

    def __init__(self, report: Report) -> None:
        self.root: Node | None = None
        self._report = report
        self._scalars = Scalars()
        self._open: list[_Frame] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> bool:
        """Take the next *event*; False says that reading on is of no use."""
        if isinstance(event, yaml.DocumentStartEvent):
            return self._begin(event)
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            return self._enter(event)
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._open.pop()
        elif isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"the alias *{event.anchor} is not taken: write the value out")
            self._put(Node(_place(event.start_mark), broken=True), "")
        elif isinstance(event, yaml.ScalarEvent):
            self._decorated(event)
            self._put(self._scalar(event), event.value)
        return True

    def _refuse(self, event: yaml.Event, message: str) -> None:
        self._report.add(_place(event.start_mark), message)

    def _begin(self, event: yaml.Event) -> bool:
        self._documents += 1
        if self._documents > 1:
            self._refuse(event, "a second document begins: write one a file")
        return self._documents == 1

    def _decorated(self, event: Any) -> None:
        """Refuse an anchor and a tag on *event*."""
        if event.anchor is not None:
            self._refuse(event, f"the anchor &{event.anchor} is not taken: write the value out")
        if event.tag is not None:
            self._refuse(event, f"the tag {event.tag} is not taken: write the bare value")

    def _enter(self, event: Any) -> bool:
        if len(self._open) >= MAX_DEPTH:
            self._refuse(event, f"this is nested more than {MAX_DEPTH} deep")
            return False
        self._decorated(event)
        node = Node(_place(event.start_mark), broken=event.tag is not None)
        if isinstance(event, yaml.MappingStartEvent):
            node.fields = {}
        else:
            node.items = []
        self._put(node, "")
        self._open.append(_Frame(node))
        return True

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        place = _place(event.start_mark)
        value, problem = self._scalars.read(event.value, plain=bool(event.implicit[0]))
        if problem:
            self._report.add(place, problem)
        return Node(place, scalar=value, broken=bool(problem) or event.tag is not None)

    def _put(self, node: Node, raw: str) -> None:
        """Put *node* where it belongs: the root, an item of a list, a key, or a key's value."""
        if not self._open:
            self.root = node
            return
        frame = self._open[-1]
        if frame.node.items is not None:
            frame.node.items.append(node)
        elif frame.skip:
            frame.skip = False
        elif frame.key is None:
            self._take_key(frame, node, raw)
        else:
            (name, node.key), frame.key = frame.key, None
            assert frame.node.fields is not None  # noqa: S101 - a mapping, since it is no list
            frame.node.fields[name] = node

    def _take_key(self, frame: _Frame, node: Node, raw: str) -> None:
        """Remember the key *node* for the value that follows, or say why both are left out."""
        first = (frame.node.fields or {}).get(str(node.scalar))
        if not node.broken and isinstance(node.scalar, str) and first is None:
            frame.key = (node.scalar, node.place)
            return
        frame.skip = True
        if node.broken:
            return
        if node.fields is not None or node.items is not None:
            problem = "a key is a mapping or a list: write text"
        elif not isinstance(node.scalar, str):
            kind = kind_of(node.scalar)
            problem = f"the key {cut(raw)!r} is read as {kind}: put text in quotes"
        else:
            line = first.anchor.line if first else 0
            problem = f"the key {cut(raw)!r} is here twice, first in line {line}"
        self._report.add(node.place, problem)
