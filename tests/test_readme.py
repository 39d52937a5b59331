"""The README tells the truth: every `$ twin` line of its console blocks is run, output compared.

In a ```console block, a line `$ twin ...` is a command (a trailing backslash continues it) and the
lines up to the next `$` are what it prints. A line `...` stands for any lines, `...` within a line
for any text, and spaces at line ends do not count. A command must end with 0, or be followed by
`$ echo $?` and the code. Other commands (`$ make ...`) are not run. A block after the comment
`<!-- not run: why -->` is left out, and needs its reason.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"(?:<!-- not run:(.*?)-->\s*\n)?^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("readme")]


@dataclass(frozen=True, slots=True)
class Command:
    """A command at *line* of the text, what it should print, and the code it should end with."""

    line: int
    text: str
    output: str
    code: int


def commands(text: str) -> list[Command]:
    """Return the `$ twin` commands of the console blocks of *text*, in order."""
    found = []
    for match in BLOCK.finditer(text):
        if match[1] is not None:
            assert match[1].strip(), "a block that is not run says why"
            continue
        line = text.count("\n", 0, match.start(2)) + 1
        found += _block(match[2], line)
    return found


def _block(body: str, line: int) -> list[Command]:
    """Split one block, whose first line is *line*, into its `$ twin` commands."""
    found = []
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)
    line += parts[0].count("\n")
    for part, following in zip(parts[1:], [*parts[2:], ""], strict=True):
        typed, _, output = re.sub(r"\\\n\s*", "", part).partition("\n")
        if re.match(r"twin\b", typed):
            code = re.match(r"echo \$\?\n(\d+)", following)
            found.append(Command(line, typed, output, int(code[1]) if code else 0))
        line += part.count("\n")
    return found


def agrees(expected: str, printed: str) -> bool:
    """Say whether *printed* is what *expected* shows, with its ellipses."""
    want, got = ([line.rstrip() for line in text.strip().splitlines()] for text in
                 (expected, printed))  # fmt: skip
    return _lines_agree(want, got)


def _lines_agree(want: list[str], got: list[str]) -> bool:
    if not want:
        return not got
    if want[0].strip() == "...":
        return any(_lines_agree(want[1:], got[skipped:]) for skipped in range(len(got) + 1))
    pattern = ".*".join(map(re.escape, want[0].split("...")))
    return bool(got and re.fullmatch(pattern, got[0])) and _lines_agree(want[1:], got[1:])


def run(command: Command, folder: Path) -> str | None:
    """Run *command* in *folder* and return what is wrong with it, or None."""
    program, *arguments = shlex.split(command.text, comments=True)
    twin = Path(sys.executable).parent / program
    done = subprocess.run(
        [twin, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != command.code:
        wrong = f"ended with {done.returncode}, not {command.code}"
    elif not agrees(command.output, done.stdout):
        wrong = "printed something else"
    else:
        return None
    return f"line {command.line}: $ {command.text}\n{wrong}:\n{done.stdout}"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that looks like the checkout, where runs are written without leaving any.

    One for the whole module: a command may use what an earlier one left, as a reader's would.
    """
    folder = tmp_path_factory.mktemp("readme")
    for name in ("agents", "contracts_abi", "docs", "experiments", "scenarios"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def _readme() -> list[Command]:
    path = ROOT / "README.md"
    return commands(path.read_text("utf-8")) if path.is_file() else []


@pytest.mark.parametrize("command", _readme(), ids=lambda item: f"line {item.line}: {item.text}")
def test_readme_command_prints_what_it_shows(command: Command, workplace: Path) -> None:
    problem = run(command, workplace)
    assert problem is None, problem


def test_readme_has_commands() -> None:
    assert _readme()


SAMPLE = """\
# Sample

```console
$ make run
not compared
$ twin list \\
    --json
{
...
}
$ twin check bad.twin.yaml
bad.twin.yaml:3:1: ...
$ echo $?
2
```

<!-- not run: it waits for Ctrl-C -->
```console
$ twin serve baseline
```

```python
$ twin not-a-console-block
```
"""


def test_commands_are_found_with_their_lines_output_and_codes() -> None:
    assert commands(SAMPLE) == [
        Command(6, "twin list --json", "{\n...\n}\n", 0),
        Command(11, "twin check bad.twin.yaml", "bad.twin.yaml:3:1: ...\n", 2),
    ]


def test_a_block_that_is_not_run_needs_a_reason() -> None:
    with pytest.raises(AssertionError, match="says why"):
        commands("<!-- not run: -->\n```console\n$ twin list\n```\n")


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\nb\n", "a  \nb", True),
        ("a\nb", "a", False),
        ("a", "a\nb", False),
        ("", "a", False),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...\nd", "a\nd", True),
        ("a\n...", "a", True),
        ("a\n...\nd", "a\nb", False),
        ("took ... s", "took 3.1 s", True),
        ("took ... s", "took 3.1 min", False),
        ("1.5 (x)", "1x5 (x)", False),
    ],
)
def test_output_is_compared_with_ellipses(expected: str, printed: str, *, same: bool) -> None:
    assert agrees(expected, printed) is same


@pytest.fixture
def fake_twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `twin` that echoes and ends with 3 beside the interpreter that `run` looks at."""
    path = tmp_path / "twin"
    path.write_text('#!/bin/sh\necho "called: $*"\nexit 3\n', "utf-8")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return tmp_path


@pytest.mark.parametrize(
    ("output", "code", "problem"),
    [
        ("called: run x y", 3, None),
        ("called: run x", 3, "printed something else"),
        ("called: run x y", 0, "ended with 3, not 0"),
    ],
)
def test_a_command_is_judged(fake_twin: Path, output: str, code: int, problem: str | None) -> None:
    found = run(Command(7, "twin run 'x y'", output, code), fake_twin)
    assert (found is None) is (problem is None)
    assert problem is None or (
        found is not None and f"line 7: $ twin run 'x y'\n{problem}" in found
    )
