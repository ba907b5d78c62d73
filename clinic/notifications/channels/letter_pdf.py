"""Letters as PDF: one A4 page whose address shows in the window of a DL envelope (DIN 5008 form B, ISO 269)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fontpkg_noto_sans  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from fpdf import FPDF

FONT = "Noto Sans"
_FILE = Path(fontpkg_noto_sans.__file__).parent / "files" / "NotoSans[wdth,wght].ttf"

MARGIN = 25
"""Millimetres at the left edge."""

WINDOW = (20, 45, 85, 45)
"""Left, top, width and height of the address field in millimetres (DIN 5008, form B)."""

RETURN_LINES, ADDRESS_TOP = 17.7, 62.7
"""The height of the zone of the sender's line, and where the recipient's lines begin, in millimetres."""

FOLDS = (105, 210)
"""Where the sheet is folded for a DL envelope, in millimetres from the top."""

TEXT_TOP = 103.4
LINE = 5.2


def letter_pdf(
    *, sender: Sequence[str], recipient: Sequence[str], day: str, subject: str, paragraphs: Sequence[str], language: str
) -> bytes:
    """Return a letter as PDF; `sender` and `recipient` are lines of an address, `day` is its date in words."""
    from fpdf import FPDF  # noqa: PLC0415 - it takes long to import, and few processes write letters

    pdf = FPDF(format="A4", unit="mm")
    pdf.set_auto_page_break(False)
    pdf.set_lang(language)
    pdf.set_title(subject)
    pdf.add_font(FONT, "", _FILE)
    pdf.add_page()
    _draw_head(pdf, sender, recipient)
    _draw_text(pdf, day, subject, paragraphs)
    return bytes(pdf.output())


def _draw_head(pdf: "FPDF", sender: Sequence[str], recipient: Sequence[str]) -> None:
    """Draw the address field, the clinic's address beside it, and the marks where the sheet is folded."""
    left, top, width, _ = WINDOW
    pdf.set_font(FONT, size=7)
    pdf.set_xy(left + 5, top + RETURN_LINES - 5)
    pdf.cell(width - 5, 4, " · ".join(sender)[:90])
    pdf.set_font(FONT, size=10.5)
    for number, line in enumerate(recipient[:6]):
        pdf.set_xy(left + 5, ADDRESS_TOP + number * 4.5)
        pdf.cell(width - 5, 4.5, line)
    pdf.set_font(FONT, size=9)
    for number, line in enumerate(sender[:7]):
        pdf.set_xy(125, 50 + number * 4.5)
        pdf.cell(65, 4.5, line)
    pdf.set_draw_color(160)
    for fold in FOLDS:
        pdf.line(4, fold, 8, fold)


def _draw_text(pdf: "FPDF", day: str, subject: str, paragraphs: Sequence[str]) -> None:
    """Draw the day, the subject and the text, smaller if it would not fit on the page."""
    pdf.set_font(FONT, size=10.5)
    pdf.set_xy(125, 90)
    pdf.cell(65, LINE, day)
    size = _fitting_size(pdf, paragraphs)
    pdf.set_left_margin(MARGIN)
    pdf.set_xy(MARGIN, TEXT_TOP)
    pdf.set_font(FONT, size=size + 1.5)
    pdf.multi_cell(160, LINE, subject, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(LINE)
    pdf.set_font(FONT, size=size)
    for paragraph in paragraphs:
        pdf.multi_cell(160, LINE * size / 10.5, paragraph, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(LINE * 0.6)


def _fitting_size(pdf: "FPDF", paragraphs: Sequence[str]) -> float:
    """Return the largest size of type, in points, in which the text ends above the lower margin."""
    for size in (10.5, 9.5, 8.5, 7.5):
        pdf.set_font(FONT, size=size)
        lines = sum(_count_lines(pdf, part) for part in paragraphs)
        height = 3 * LINE + lines * LINE * size / 10.5 + len(paragraphs) * LINE * 0.6
        if TEXT_TOP + height <= 280:  # noqa: PLR2004 - millimetres above the lower edge
            return size
    return 6.5


def _count_lines(pdf: "FPDF", paragraph: str) -> int:
    """Return the number of lines of a paragraph in the present size of type."""
    lines: Any = pdf.multi_cell(160, LINE, paragraph, dry_run=True, output="LINES")
    return len(lines)
