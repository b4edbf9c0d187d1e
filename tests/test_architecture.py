"""The limits that keep the code small and its parts apart. CONTRIBUTING.md says why each stands."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "regapp").rglob("*.py"))
LINES_OF_A_FUNCTION = 50
LINES_OF_A_MODULE = 400

Function = ast.FunctionDef | ast.AsyncFunctionDef
Found = Iterator[tuple[str, int]]

EDGE = ("regapp/web/", "regapp/cli/", "regapp/mail/outbox.py", "regapp/db.py")
"""Who may begin, commit and roll back. Services run inside the transaction of whoever calls them."""

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
RENDERING = {"render_template", "render_template_string"}
ENVIRONMENT = {"os.environ", "os.getenv", "os.putenv", "os.environb"}

PRIVATE = {
    "a path of one machine": re.compile(r"(?<![\w.<>-])/(?:work|root|home|Users)/\w"),
    "a package registry": re.compile(
        r"(?<!no-emit-)index-url|extra-index|pypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org"
    ),
}
READ_BY_PEOPLE = {".py", ".md", ".toml", ".txt", ".in", ".html", ".css", ".js", ".json", ".ini", ".mako", ".yml", ""}


def test_functions_are_short() -> None:
    def long(tree: ast.AST) -> Found:
        for node in ast.walk(tree):
            if isinstance(node, Function) and (length := _length(node)) > LINES_OF_A_FUNCTION:
                yield f"{node.name} has {length} lines", node.lineno

    assert _complaints(long) == []


def test_modules_are_short() -> None:
    lengths = {_name(module): len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES}

    assert {name: lines for name, lines in lengths.items() if lines > LINES_OF_A_MODULE} == {}


def test_imports_stand_at_the_top() -> None:
    def hidden(tree: ast.AST) -> Found:
        for function in _functions(tree):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"import inside {function.name}", node.lineno

    assert _complaints(hidden) == []


def test_only_the_edge_begins_and_ends_transactions() -> None:
    def ends(tree: ast.AST) -> Found:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _last(node.func) in {"transaction", "commit", "rollback"}:
                yield f"{ast.unparse(node.func)}()", node.lineno

    assert _complaints(ends, allowed=EDGE) == []


def test_only_the_settings_read_the_environment() -> None:
    def reads(tree: ast.AST) -> Found:
        for name, line in _names(tree):
            if name in ENVIRONMENT:
                yield name, line

    assert _complaints(reads) == []


def test_only_one_module_looks_at_the_clock() -> None:
    def looks(tree: ast.AST) -> Found:
        for name, line in _names(tree):
            if ".".join(name.split(".")[-2:]) in CLOCKS:
                yield name, line

    assert _complaints(looks, allowed=("regapp/clock.py",)) == []


def test_only_pages_and_mails_render_templates() -> None:
    def renders(tree: ast.AST) -> Found:
        for name, line in _names(tree):
            if name.rpartition(".")[2] in RENDERING:
                yield name, line

    assert _complaints(renders, allowed=("regapp/web/", "regapp/mail/")) == []


def test_the_rules_know_only_the_errors() -> None:
    def knows(tree: ast.AST) -> Found:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom | ast.Import):
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                for module in modules:
                    if module.startswith(("flask", "sqlalchemy", "config")) or (
                        module.startswith("regapp") and not module.startswith(("regapp.rules", "regapp.errors"))
                    ):
                        yield f"imports {module}", node.lineno

    rules = [module for module in MODULES if _name(module).startswith("regapp/rules/")]
    assert len(rules) > 3
    assert _complaints(knows, modules=rules) == []


@pytest.mark.parametrize("what", PRIVATE)
def test_nothing_names(what: str) -> None:
    found = [
        f"{name}:{number}"
        for name in _tracked_files()
        if Path(name).suffix in READ_BY_PEOPLE and name != _name(Path(__file__))
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), start=1)
        if PRIVATE[what].search(line)
    ]

    assert found == []


def test_these_checks_find_what_they_look_for() -> None:
    sample = ast.parse(
        "import os, time\ndef f():\n    import x\n    time.time()\n    os.environ['A']\n    a.b.commit()\n"
    )

    assert "a.b.commit" in {name for name, _ in _names(sample)}
    assert {name for name, _ in _names(sample)} & (CLOCKS | ENVIRONMENT) == {"time.time", "os.environ"}
    assert PRIVATE["a path of one machine"].search("cd /" + "home/someone")
    assert not PRIVATE["a path of one machine"].search("https://example.org/" + "home/page")


def _complaints(
    check: Callable[[ast.AST], Found], *, allowed: tuple[str, ...] = (), modules: list[Path] = MODULES
) -> list[str]:
    """Return "file:line what" for each thing found outside the allowed files."""
    return [
        f"{_name(module)}:{line} {what}"
        for module in modules
        if not _name(module).startswith(allowed)
        for what, line in check(ast.parse(module.read_text(encoding="utf-8")))
    ]


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Return every name and dotted name in use, imported ones as `module.name`, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            yield ast.unparse(node), node.lineno
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def _last(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def _name(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


def _tracked_files() -> list[str]:
    """Return what is in the repository, without files that have been removed but not committed."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
