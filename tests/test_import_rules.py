"""Keeps DESIGN.md 2, rules 1 to 3, by walking the imports; and the sizes and first lines of modules."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialerctl.offline import OFFLINE_COMMANDS

SOURCE = Path(__file__).resolve().parent.parent / "src"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.glob("dialer*/**/*.py"))
}

HARMLESS = frozenset(
    [
        "__future__",
        "abc",
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "heapq",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "statistics",
        "string",
        "tomllib",
        "types",
        "typing",
        "zoneinfo",
    ]
)
"""Stdlib that touches neither the outside world nor the clock by itself."""

EDGES = ("asterisk", "store", "control", "analytics", "detector", "audio")
SHELLS = ("engine", "simulation")
CONFIG = "dialerd.config"

WITHOUT_DAEMON: dict[str, set[str]] = {}
"""Module of dialerctl → what of dialerd it may import inside functions: the table of offline.py, by noun."""
for _command, _parts in OFFLINE_COMMANDS.items():
    WITHOUT_DAEMON.setdefault(f"dialerctl.commands.{_command.split()[0]}", set()).update(_parts)


def imports(path: Path, module: str, *, top_level_only: bool = False) -> Iterator[str]:
    """Every module that a file imports, by absolute name (`from a import b` gives `a.b` when that is a module)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(_at_module_level(tree)) if top_level_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


def _at_module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements but those inside functions and under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        guarded = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or guarded:
            continue
        yield node
        yield from _at_module_level(node)


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def is_config(name: str) -> bool:
    """config.py and config_*.py: the settings as values, which every part may be given."""
    return name.startswith(CONFIG)


@pytest.mark.parametrize("module", [name for name in MODULES if inside(name, "dialerd.core")])
def test_core_is_pure(module: str) -> None:
    for name in imports(MODULES[module], module):
        top = name.partition(".")[0]
        allowed = inside(name, "dialerd.core") or top in HARMLESS or top == "numpy"
        assert allowed, f"{module} imports {name}"


@pytest.mark.parametrize("edge", EDGES)
def test_edges_do_not_know_each_other(edge: str) -> None:
    allowed = [f"dialerd.{edge}", "dialerd.core"] + (["dialerd.store"] if edge == "analytics" else [])
    for module, path in MODULES.items():
        if not inside(module, f"dialerd.{edge}"):
            continue
        for name in imports(path, module):
            if inside(name, "dialerd"):
                assert is_config(name) or any(inside(name, package) for package in allowed), f"{module} imports {name}"
            assert not inside(name, "dialerctl"), f"{module} imports {name}"


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_import_the_core_and_get_the_edges_handed_in(shell: str) -> None:
    for module, path in MODULES.items():
        if not inside(module, f"dialerd.{shell}"):
            continue
        for name in imports(path, module):
            if inside(name, "dialerd"):
                allowed = inside(name, "dialerd.core") or inside(name, f"dialerd.{shell}") or is_config(name)
                assert allowed, f"{module} imports {name}"


def test_configuration_knows_only_itself_and_the_protocol_names() -> None:
    for module, path in MODULES.items():
        if is_config(module):
            for name in imports(path, module):
                allowed = is_config(name) or name in ("dialerd.control.protocol", "dialerd.core.errors")
                assert allowed or not inside(name, "dialerd"), f"{module} imports {name}"


def test_nobody_imports_main() -> None:
    for module, path in MODULES.items():
        for name in imports(path, module):
            assert not inside(name, "dialerd.main"), f"{module} imports {name}"


def test_protocol_names_are_light() -> None:
    for name in imports(MODULES["dialerd.control.protocol"], "dialerd.control.protocol"):
        assert name in ("__future__", "enum"), f"protocol.py imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if inside(name, "dialerctl")])
def test_dialerctl_talks_through_the_socket(module: str) -> None:
    for name in imports(MODULES[module], module, top_level_only=True):
        if inside(name, "dialerd"):
            assert name == "dialerd.control.protocol", f"{module} imports {name} at its start"
    granted = [part for known, parts in WITHOUT_DAEMON.items() if inside(module, known) for part in parts]
    for name in imports(MODULES[module], module):
        if inside(name, "dialerd") and name != "dialerd.control.protocol":
            ok = any(inside(name, part) or (part == CONFIG and is_config(name)) for part in granted)
            assert ok, f"{module} imports {name}: it is not in the table of commands that work without a daemon"


@pytest.mark.parametrize("module", list(MODULES))
def test_module_says_what_it_owns_and_is_not_long(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= 400, f"{module} has {len(lines)} lines: split it by concept"
    if lines:  # an empty __init__.py owns nothing
        assert lines[0].startswith(('"""', "#!")), f"{module}: the first line is no docstring"
        assert ast.get_docstring(ast.parse(text)), f"{module} has no docstring"
    last = module.rpartition(".")[2]
    assert last not in {"utils", "helpers", "common", "base", "constants", "types"}, f"{module}: name the concept"


def test_harmless_is_stdlib() -> None:
    assert set(sys.stdlib_module_names) >= HARMLESS
