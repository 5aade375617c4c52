"""Mutants: a source with one small fault put in, as a person could have made it. Words and documentation stay as they
are: a fault in SQL or in a message breaks loudly, and would only make the share look better.
"""

import ast
import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.Pow: ast.Mult,
}
_LEFT_OUT = (ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Pass)


@dataclass(frozen=True)
class Mutant:
    """One fault: in which file, where, what, and the whole source with it. `within` is the qualified name of the
    function that it is in; None where it runs when the module is loaded.
    """

    file: Path
    line: int
    what: str
    source: str
    within: str | None = None

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line} {self.what}"


def of(file: Path) -> Iterator[Mutant]:
    """All mutants of one file, in a fixed order."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = dict(_functions(tree, ""))
    for number, node in enumerate(_code(tree)):
        for what, change in _changes(node):
            other = copy.deepcopy(tree)
            target = next(one for n, one in enumerate(_code(other)) if n == number)
            change(target)
            source = ast.unparse(ast.fix_missing_locations(other))
            yield Mutant(file, getattr(node, "lineno", 0), what, source, functions.get(node))


def _functions(node: ast.AST, within: str) -> Iterator[tuple[ast.AST, str]]:
    """Each node with the function around it, as the running code names it."""
    for child in ast.iter_child_nodes(node):
        name = within
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{within}.{child.name}" if within else child.name
        inner = name
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{name}.<locals>"
        yield from _functions(child, inner)
        if "<locals>" in inner:
            yield child, inner.removesuffix(".<locals>")


def some(files: list[Path], many: int | None, seed: int) -> list[Mutant]:
    """`many` of all mutants of these files (all for None), drawn by `seed`, in order of place."""
    every = [mutant for file in files for mutant in of(file)]
    if many is None or many >= len(every):
        return every
    chosen = sorted(random.Random(seed).sample(range(len(every)), many))
    return [every[n] for n in chosen]


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run: no annotations, no documentation, no decorators' arguments of dataclasses."""
    for name, value in ast.iter_fields(tree):
        if name in {"annotation", "returns", "type_comment", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_words(child):
                yield child
                yield from _code(child)


def _is_words(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _changes(node: ast.AST) -> Iterator[tuple[str, "Change"]]:  # noqa: C901  # one case for each kind of fault
    match node:
        case ast.Compare(ops=[op]):
            for other in _COMPARE[type(op)]:
                yield f"{type(op).__name__} -> {other.__name__}", Change("ops", [other()])
        case ast.BoolOp(op=ast.And()):
            yield "and -> or", Change("op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield "or -> and", Change("op", ast.And())
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            other = _ARITHMETIC[type(op)]
            yield f"{type(op).__name__} -> {other.__name__}", Change("op", other())
        case ast.UnaryOp(op=ast.Not()):
            yield "not left out", Change("op", ast.UAdd(), boolean=True)
        case ast.Constant(value=bool() as value):
            yield f"{value} -> {not value}", Change("value", not value)
        case ast.Constant(value=int() as value):
            yield f"{value} -> {value + 1}", Change("value", value + 1)
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield f"{type(node).__name__}: False", Change("test", ast.Constant(False))
            if not isinstance(node, ast.While) and not isinstance(test, ast.Constant):
                yield f"{type(node).__name__}: True", Change("test", ast.Constant(True))
        case ast.Return(value=value) if value is not None and not _is_no(value):
            yield "return None", Change("value", ast.Constant(None))
        case ast.Raise():
            yield "raise left out", Change("", None, dropped=True)
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign():
            yield "statement left out", Change("", None, dropped=True)
        case ast.Break():
            yield "break left out", Change("", None, dropped=True)


def _is_no(value: ast.expr) -> bool:
    """None, or False, which is as good as None to whoever asks."""
    return isinstance(value, ast.Constant) and value.value in (None, False)


@dataclass(frozen=True)
class Change:
    """Puts the fault into a node of a copy of the tree."""

    field: str
    value: object
    dropped: bool = False
    boolean: bool = False

    def __call__(self, node: ast.AST) -> None:
        if self.dropped:
            node.__class__ = ast.Pass
            node._fields = ()
        elif self.boolean:  # `not x` becomes `bool(x)`: + would fail on what is no number
            assert isinstance(node, ast.UnaryOp)
            inner = node.operand
            node.operand = ast.UnaryOp(ast.Not(), inner)
        else:
            setattr(node, self.field, self.value)
