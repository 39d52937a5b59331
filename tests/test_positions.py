from __future__ import annotations

from pathlib import Path

import pytest

from twin.errors import FileProblems
from twin.scenario import Vocabulary, load, loads

HEAD = """\
name: s
title: t
description: d
start: 2009-01-05T00:00:00Z
duration: 1d
seed: 1
claims_not_made: [x]
"""
"""Seven lines: what a table adds begins in line 8."""


def problems(text: str, file: str = "s.twin.yaml") -> list[str]:
    """Return the problems of *text* as `line:column: message`."""
    with pytest.raises(FileProblems) as caught:
        loads(text, file, Vocabulary())
    return [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems]


SYNTAX = [
    ("chain: &t {}", "8:8: the anchor &t is not taken: write the value out"),
    ("chain: *x", "8:8: the alias *x is not taken: write the value out"),
    ("chain: !!map {}", "8:8: the tag tag:yaml.org,2002:map is not taken: write the bare value"),
    (
        "chain: !python/object:os.system {}",
        ("8:8: the tag !python/object:os.system is not taken: write the bare value"),
    ),
    ("seed: 2", "8:1: the key 'seed' is here twice, first in line 6"),
    ("chain: {<<: {}}", "8:9: merge keys are not taken: write the fields out"),
    (
        "chain: {gas_limit: .nan}",
        "8:20: .nan is no finite number: a scenario holds finite numbers only",
    ),
    (
        "chain: {gas_limit: -.INF}",
        "8:20: -.INF is no finite number: a scenario holds finite numbers only",
    ),
    (
        'chain: {gas_limit: "NaN"}',
        "8:20: NaN is no finite number: a scenario holds finite numbers only",
    ),
    (
        "chain: {gas_limit: 1.0e+999}",
        "8:20: 1.0e+999 is no finite number: a scenario holds finite numbers only",
    ),
    ("chain: {gas_limit: 0x1F}", "8:20: 0x1F without quotes is read as a number: put it in quotes"),
    ("chain: {gas_limit: 0b11}", "8:20: 0b11 without quotes is read as a number: put it in quotes"),
    (
        "chain: {gas_limit: 010}",
        (
            "8:20: 010 with a leading 0 is read as octal or as text: "
            "write the plain number, or quotes around text"
        ),
    ),
    (
        "chain: {block_interval: 12:30:00}",
        '8:25: 12:30:00 is read as a number to base 60: put it in quotes, "12:30:00"',
    ),
    (
        f"chain: {{gas_limit: {'9' * 90}}}",
        f"8:20: the number {'9' * 27}... has more than 80 characters",
    ),
    ("on: 3", "8:1: the key 'on' is read as a boolean: put text in quotes"),
    ("2008: 3", "8:1: the key '2008' is read as a number: put text in quotes"),
    ("? [a]\n: 3", "8:3: a key is a mapping or a list: write text"),
    (
        "chain: {0x" + "ab" * 20 + ": 3}",
        "8:9: 0xababababababababababababa... without quotes is read as a number: put it in quotes",
    ),
    ("---\nname: t", "8:1: a second document begins: write one a file"),
    ("chain: " + "[" * 65, "8:71: this is nested more than 64 deep"),
    (
        "chain: \x07",
        (
            "8:8: the character U+0007 is not printable: write it as an escape in double quotes or "
            "remove it"
        ),
    ),
]


@pytest.mark.parametrize(("text", "problem"), SYNTAX)
def test_unclear_yaml_is_refused_at_its_place(text: str, problem: str) -> None:
    assert problems(f"{HEAD}{text}\n") == [problem]


def test_a_syntax_error_has_a_place() -> None:
    (problem,) = problems(f"{HEAD}chain: {{gas_limit: 3\nseeds: [1\n")
    assert problem.startswith("9:6: this is no YAML: while parsing a flow mapping")


@pytest.mark.parametrize("text", ["", "# a comment\n", "\n\n", "---\n...\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    (problem,) = problems(text)
    assert "empty" in problem or "nothing is not a mapping" in problem


@pytest.mark.parametrize("text", ["just text", "- a\n- b\n"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith("1:1: the scenario: ")
    assert problem.endswith("is not a mapping of fields")


def test_bytes_that_are_no_utf_8_have_a_place(tmp_path: Path) -> None:
    path = tmp_path / "s.twin.yaml"
    path.write_bytes("name: é\ntitle: é".encode() + b"\xff\n")
    with pytest.raises(FileProblems) as caught:
        load(path, Vocabulary())
    assert str(caught.value) == f"{path}:2:9: the byte 0xff is no UTF-8: save the file as UTF-8"


def test_a_file_over_a_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.twin.yaml"
    path.write_bytes(HEAD.encode() + b"#" * (1 << 20))
    with pytest.raises(FileProblems, match="1:1: the file is longer than 1 MiB"):
        load(path, Vocabulary())
    assert problems(HEAD + "#" * (1 << 20)) == ["1:1: the file is longer than 1 MiB"]
