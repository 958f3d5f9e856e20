"""Who may import whom (the table in CONTRIBUTING.md), and words that no module bears."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("checks/**/*.py")])
VOCABULARY = {"bot.errors", "bot.model", "bot.config.settings"}
ALLOWED = {
    "bot.errors": set(),
    "bot.model": {"bot.errors", "bot.model"},
    "bot.config": VOCABULARY | {"bot.config", "bot.locales", "checks.model"},
    "bot.charts": VOCABULARY | {"bot.charts", "checks"},
    "bot.sources": VOCABULARY | {"bot.sources", "checks.lists"},
    "bot.chat": VOCABULARY | {"bot.chat"},
    "bot.storage": VOCABULARY | {"bot.storage", "checks"},
    "bot.message": VOCABULARY | {"bot.message", "bot.charts", "bot.locales", "checks"},
    "bot.ingest.poll": VOCABULARY | {"bot.ingest", "bot.sources", "bot.storage", "checks"},
    "bot.route": VOCABULARY | {"bot.route", "bot.storage", "bot.message", "checks"},
    "bot.review": VOCABULARY
    | {"bot.review", "bot.route", "bot.storage", "bot.message", "checks"},
    "bot.deliver": VOCABULARY
    | {"bot.deliver", "bot.chat", "bot.storage", "bot.message", "bot.route"},
    "bot.commands": VOCABULARY
    | {"bot.commands", "bot.review", "bot.storage", "bot.message", "checks"},
    "bot.web": VOCABULARY | {"bot.web", "bot.commands", "bot.storage", "bot.message"},
    "bot.engine": VOCABULARY | {"bot.engine"},
    "bot.passes": VOCABULARY
    | {"bot.passes", "bot.engine", "bot.sources", "bot.review", "bot.storage", "checks"},
    "bot.service.schedule": VOCABULARY,
    "bot.service.log": VOCABULARY,
    "bot.service.health": VOCABULARY,
}
SDKS = {
    "discord": "bot/chat/discord/",
    "slack_bolt": "bot/chat/slack/",
    "slack_sdk": "bot/chat/slack/",
    "standardwebhooks": "bot/chat/webhook/",
    "mcp": "bot/web/mcp.py",
    "apscheduler": "bot/service/schedule.py",
    "distributed": "bot/engine/cluster.py",
    "pyarrow": "bot/sources/lake/",
    "fsspec": "bot/sources/lake/files.py",
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports_of(path: Path) -> frozenset[str]:
    """What is imported at run time, with the name that is taken out of a module; what stands
    under TYPE_CHECKING is not."""
    return frozenset(_imports(parsed(path)))


def _imports(tree: ast.Module) -> Iterator[str]:
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_what_its_package_may(path: Path) -> None:
    module = name_of(path)
    ours = {name for name in imports_of(path) if within(name, {"bot", "checks"})}
    if within(module, {"checks"}):
        assert all(within(name, {"checks"}) for name in ours)
        return
    rules = [allowed for package, allowed in ALLOWED.items() if within(module, {package})]
    for allowed in rules:
        assert {name for name in ours if not within(name, allowed)} == set()


@pytest.mark.parametrize("path", sorted(ROOT.glob("checks/**/*.py")), ids=name_of)
def test_checks_are_pure(path: Path) -> None:
    outside = {name.partition(".")[0] for name in imports_of(path)} - {"checks"}
    assert outside - set(sys.stdlib_module_names) <= {"numpy", "scipy"}
    assert not outside & {"time", "random", "os", "pathlib", "io", "socket", "sqlite3"}
    assert not any(within(name, {"scipy.stats"}) for name in imports_of(path))


@pytest.mark.parametrize("sdk", sorted(SDKS))
def test_each_sdk_is_imported_in_one_place(sdk: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(within(name, {sdk}) for name in imports_of(path))
    }
    assert not {user for user in users if not user.startswith(SDKS[sdk])}


def test_platforms_are_named_by_their_own_rooms_alone() -> None:
    """What the config, the store and the program know of a chat stands in CHATS.

    The command line's own words (`--discord`, `slack-manifest`) are a contract with people,
    profiles name what is counted, and a picture has the ground of the chat it is drawn for.
    """
    elsewhere = {"bot.cli", "bot.sources.profiles", "bot.message.picture"}
    named = {
        name_of(path)
        for path in MODULES
        if not within(name_of(path), {"bot.chat"} | elsewhere)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.partition(":")[0] in {"discord", "slack", "webhook"}
    }
    assert named == set()


def graph(depth: int | None = None) -> dict[str, set[str]]:
    """Who imports whom, by module or by the room of that depth."""
    modules = {name_of(path): path for path in MODULES}

    def room(name: str) -> str:
        return ".".join(name.split(".")[:depth])

    edges: dict[str, set[str]] = {}
    for name, path in modules.items():
        for found in imports_of(path):
            known = found if found in modules else found.rpartition(".")[0]
            if known in modules and room(known) != room(name):
                edges.setdefault(room(name), set()).add(room(known))
    return edges


@pytest.mark.parametrize("depth", [None, 2], ids=["modules", "rooms"])
def test_imports_run_in_no_circle(depth: int | None) -> None:
    TopologicalSorter(graph(depth)).prepare()


def test_few_modules_lie_loose() -> None:
    loose = {path.stem for path in ROOT.glob("bot/*.py")} - {"__init__"}
    assert loose <= {"__main__", "app", "model", "errors", "charts"}


def test_a_function_takes_at_most_six_parameters() -> None:
    many = set()
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                given = node.args
                named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
                named += [one for one in (given.vararg, given.kwarg) if one]
                if len([one for one in named if one.arg not in {"self", "cls"}]) > 6:
                    many.add(f"{name_of(path)}.{node.name}")
    assert many == set()


def test_no_module_hides_behind_a_word_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
    assert [path for path in MODULES if path.stem in empty] == []


CHECKS = [path for path in MODULES if "checks" in path.relative_to(ROOT).parts]
ARRAYS = {"Floats", "Ints", "Bools", "Singles", "Shorts", "Times", "Ids"}


@pytest.mark.parametrize("path", CHECKS, ids=name_of)
def test_a_number_of_the_checks_says_what_it_is(path: Path) -> None:
    """A sentence below it or a comment above, for each name in capitals that holds numbers."""
    lines = path.read_text(encoding="utf-8").splitlines()
    body = ast.parse("\n".join(lines)).body
    bare = []
    for node, after in pairwise([*body, ast.Pass()]):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and _is_tuned(node):
            above = lines[node.lineno - 2].startswith("#")
            if not (above or isinstance(after, ast.Expr)):
                bare.append(f"{node.lineno}: {ast.unparse(node)[:60]}")
    assert not bare, "say in one line what it is and what it was tuned on"


def _is_tuned(node: ast.Assign | ast.AnnAssign) -> bool:
    first = node.targets[0] if isinstance(node, ast.Assign) else node.target
    names = [each.id for each in ast.walk(first) if isinstance(each, ast.Name)]
    numbers = [
        each
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and type(each.value) in (int, float)
    ]
    return bool(numbers) and all(name.isupper() for name in names)


@pytest.mark.parametrize("path", CHECKS, ids=name_of)
def test_arrays_come_with_a_shape(path: Path) -> None:
    """Public functions and methods that give arrays say of which shape: (accounts, days)."""
    tree = parsed(path)
    public = [each for each in tree.body if not getattr(each, "name", "_").startswith("_")]
    methods = [
        inner for each in public if isinstance(each, ast.ClassDef) for inner in each.body
    ]
    assert not [
        node.name
        for node in (*public, *methods)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.returns
        if ARRAYS & {each.id for each in ast.walk(node.returns) if isinstance(each, ast.Name)}
        if not re.search(r"\(\w+,[^()]*\)", ast.get_docstring(node) or "")
    ]
