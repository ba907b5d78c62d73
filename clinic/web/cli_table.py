"""Tables of commands on a terminal: ids are never broken, other columns shrink to the terminal's width."""

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions
from rich.table import Column, Table

GAP = 2
LONGEST_WHOLE_WORD = 12
"""Longer words that are no ids may be broken; a table that does not fit even so has longer lines."""

_UNBROKEN = re.compile(r"id|.+_id|number")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on the terminal."""
    console = Console(markup=False, highlight=False, emoji=False)
    widths = column_widths(columns, rows, console.width)
    console.size = ConsoleDimensions(max(console.width, sum(widths) + GAP * len(widths)), console.height)
    heads = (Column(name, width=width, overflow="fold") for name, width in zip(columns, widths, strict=True))
    table = Table(*heads, box=None, pad_edge=False, padding=(0, GAP, 0, 0))
    for row in rows:
        table.add_row(*row)
    console.print(table)


def column_widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return the widths of columns in terminal cells: those of their texts, the widest reduced until all fit."""
    texts = [[row[index] for row in rows] for index in range(len(columns))]
    widths = [max(map(cell_len, (name, *column))) for name, column in zip(columns, texts, strict=True)]
    least = [
        width if _UNBROKEN.fullmatch(name) else _least_width(column)
        for name, width, column in zip(columns, widths, texts, strict=True)
    ]
    while sum(widths) + GAP * (len(widths) - 1) > room and widths != least:
        widest = max((index for index, width in enumerate(widths) if width > least[index]), key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _least_width(texts: Sequence[str]) -> int:
    """Return the width that keeps the words of a column whole, except long ones."""
    words = [word for text in texts for word in text.split()]
    return min(LONGEST_WHOLE_WORD, max(map(cell_len, words), default=1))
