"""Models read as a map: which model stands at a place in the file, and which names it knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag

__all__ = ["follow", "models"]


def models(annotations: Iterable[Any]) -> list[type[BaseModel]]:
    """Return the models among *annotations*."""
    return [one for one in annotations if isinstance(one, type) and issubclass(one, BaseModel)]


def follow(
    model: type[BaseModel], location: Sequence[str | int]
) -> tuple[tuple[str | int, ...], list[Any]]:
    """Return the path in the file of pydantic's *location* in *model*, and what is expected there.

    A location also names the branch of a union that was taken, which the file does not: such a
    part narrows what is expected and is left out of the path.
    """
    path: list[str | int] = []
    expected: list[Any] = [model]
    for part in location:
        tagged = [one for one in expected if part in _tags(one)]
        if tagged:
            expected = [_bare(one) for one in tagged]
            continue
        inside = [found for one in expected for found in _inside(_bare(one), part)]
        if inside:
            path.append(part)
            expected = inside
    return tuple(path), [_bare(one) for one in expected]


def _tags(annotation: Any) -> set[str]:
    if get_origin(annotation) is not Annotated:
        return set()
    return {item.tag for item in annotation.__metadata__ if isinstance(item, Tag)}


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _options(annotation: Any) -> list[Any]:
    """Split a union; a branch keeps its tag."""
    bare = annotation if _tags(annotation) else _bare(annotation)
    if get_origin(bare) in {Union, UnionType}:
        return [one for branch in get_args(bare) for one in _options(branch)]
    return [bare]


def _inside(annotation: Any, part: str | int) -> list[Any]:
    """Return what *annotation* expects at its child *part*; nothing where it has no such child."""
    origin, args = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        known = annotation.model_fields.get(str(part))
        return _options(known.rebuild_annotation()) if known is not None else []
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(part, str):
        return _options(args[1])
    if isinstance(origin, type) and issubclass(origin, Sequence) and isinstance(part, int):
        return _options(args[0])
    return []
