"""`make mutants`: small changes to `checks/`, and the share that its tests notice.

    python -m tests.mutants [--each 6] [--seconds 1500] [MODULE ...]

Each mutant is one comparison, sign, condition or number of a module changed. A process that has
the libraries loaded forks, gives the changed source to the import system and runs the module's
own tests first, then the others of `tests/checks`, until one fails. The sample is the same on
every machine: places are ordered by a hash of where they stand and of what is there.
"""

import argparse
import ast
import hashlib
import importlib.abc
import importlib.machinery
import io
import os
import resource
import select
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
LEAST = 0.85
"""Share of mutants that the tests have to notice."""

NUMBERS = [
    ROOT / "tests/checks/test_boundaries.py",
    ROOT / "tests/checks/detectors/test_least.py",
]
"""Tests that notice most changes of a number, and are quick."""

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    path: Path
    line: int
    what: str
    source: str

    @property
    def module(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.what}"


def mutants(path: Path, most: int) -> list[Mutant]:
    """The first of a module, in an order that chance alone decides, the same everywhere."""
    text = path.read_text(encoding="utf-8")
    found = []
    for place, node in enumerate(_places(ast.parse(text))):
        changed = deepcopy(node)
        _change(changed)
        what = f"{ast.unparse(node)} -> {ast.unparse(changed)}"
        found.append((place, Mutant(path, getattr(node, "lineno", 0), what, text)))
    found.sort(key=lambda one: hashlib.blake2b(str(one[1]).encode()).digest())
    return [replace(one, source=_changed(text, place)) for place, one in found[:most]]


def _changed(text: str, place: int) -> str:
    tree = ast.parse(text)
    _change(list(_places(tree))[place])
    return ast.unparse(tree)


def _places(tree: ast.Module) -> Iterator[ast.AST]:
    """What can be changed; types, defaults of annotations and docstrings are left alone."""
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        for part in (
            getattr(node, "annotation", None),
            getattr(node, "returns", None),
            *getattr(node, "decorator_list", ()),
        )
        if isinstance(part, ast.AST)
        for inner in ast.walk(part)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            if type(node.ops[0]) in _SWAPS:
                yield node
        elif isinstance(node, ast.BinOp | ast.BoolOp):
            if type(node.op) in _SWAPS and not _is_alias(node):
                yield node
        elif isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.Not | ast.Invert):
                yield node
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield node


def _is_alias(node: ast.AST) -> bool:
    """`Ints | None` at the top of a module names a type."""
    return isinstance(node, ast.BinOp) and "None" in ast.unparse(node)


def _change(node: ast.AST) -> None:
    if isinstance(node, ast.Compare):
        node.ops[0] = _SWAPS[type(node.ops[0])]()  # type: ignore[assignment]
    elif isinstance(node, ast.BinOp | ast.BoolOp):
        node.op = _SWAPS[type(node.op)]()  # type: ignore[assignment]
    elif isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd() if isinstance(node.op, ast.Invert) else ast.Not()
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.Constant):
        value = node.value
        node.value = value + 1 if isinstance(value, int) else value * 1.5 + 0.01


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module its changed source; what a parent already loaded does not count."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, name: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._mutant.module:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=str(self._mutant.path))

    def exec_module(self, module: ModuleType) -> None:
        code = compile(self._mutant.source, str(self._mutant.path), "exec")
        exec(code, module.__dict__)


def tests_of(path: Path) -> list[str]:
    """The mirror of a module first, then those that hold most numbers, its room's, then all."""
    room = ROOT / "tests" / path.relative_to(ROOT).parent
    own = room / f"test_{path.stem}.py"
    inside = sorted(room.glob("test_*.py"))
    rest = sorted((ROOT / "tests/checks").rglob("test_*.py"))
    wanted = [*([own] if own.exists() else []), *NUMBERS, *inside, *rest]
    return [str(one) for one in dict.fromkeys(wanted)]


def is_killed(mutant: Mutant, tests: Sequence[str], seconds: int) -> bool:
    """Runs the tests in a fork; what takes more seconds of CPU, or ten times as
    many by the clock, counts as not noticed."""
    import pytest

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        sys.meta_path.insert(0, _Changed(mutant))
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            quiet = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
            code = pytest.main([*quiet, *tests])
        os.write(writing, bytes([int(code)]))
        os._exit(0)
    os.close(writing)
    # one that waits for ever uses no CPU
    told, _, _ = select.select([reading], [], [], 10 * seconds)
    answer = os.read(reading, 1) if told else b""
    os.close(reading)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if answer and answer[0] not in (0, 1, 2):  # passed, failed, could not even be imported
        raise RuntimeError(f"{mutant}: pytest ended with {answer[0]}")
    return bool(answer) and answer != b"\0"


def report(results: Sequence[tuple[Mutant, bool]]) -> bool:
    """Prints the share killed of each module; gives whether the bar is met."""
    by_module: dict[str, list[bool]] = defaultdict(list)
    for mutant, killed in results:
        by_module[mutant.module].append(killed)
    for module, killed in sorted(by_module.items()):
        print(
            f"{module:34} {sum(killed):3} of {len(killed):3} {sum(killed) / len(killed):5.0%}"
        )
    share = sum(killed for _, killed in results) / max(1, len(results))
    met = share >= LEAST
    print(f"{'all':34} {share:18.0%} killed, {LEAST:.0%} wanted{'' if met else ': NOT MET'}")
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", type=Path, help="files; left out: all of checks/")
    parser.add_argument("--each", type=int, default=6, help="mutants per module")
    parser.add_argument("--seconds", type=float, default=1500.0, help="for the whole run")
    parser.add_argument("--longest", type=int, default=120, help="CPU, for one mutant")
    options = parser.parse_args()
    # what every test imports is loaded once; of the package itself nothing may be
    import numpy  # noqa: F401
    import polars  # noqa: F401
    import pytest  # noqa: F401
    import scipy.special  # noqa: F401

    assert not [name for name in sys.modules if name.partition(".")[0] == "checks"]
    paths = [one.resolve() for one in options.modules] or sorted(ROOT.glob("checks/**/*.py"))
    same = Mutant(paths[0], 0, "nothing", paths[0].read_text(encoding="utf-8"))
    if is_killed(same, tests_of(paths[0])[:1], options.longest):
        print("the tests fail without any change: mend them first")
        return 1
    waiting = [mutants(path, options.each) for path in paths]
    end = time.monotonic() + options.seconds
    results: list[tuple[Mutant, bool]] = []
    # one of each module in turn, so that a run cut short has seen all of them
    for turn in range(options.each):
        for own in waiting:
            if turn < len(own) and time.monotonic() < end:
                killed = is_killed(own[turn], tests_of(own[turn].path), options.longest)
                results.append((own[turn], killed))
                if not killed:
                    print(f"survived  {own[turn]}", flush=True)
    return 0 if report(results) else 1


if __name__ == "__main__":
    sys.exit(main())
