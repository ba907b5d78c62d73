"""The position of a text in another, by the function that each database has for it."""

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class text_position(FunctionElement[int]):  # noqa: N801 - a function of SQL
    """`text_position(text, part)` is the position of a part in a text, counted from 1, or 0."""

    name = "text_position"
    type = Integer()
    inherit_cache = True


@compiles(text_position, "sqlite")
def _instr(element: Any, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(text_position, "postgresql")
def _strpos(element: Any, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"
