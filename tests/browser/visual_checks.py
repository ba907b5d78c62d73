"""Looking at a page as people see it: at several widths, in the light and in the dark, with assistive technology."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page, ViewportSize

from clinic.core.text import fold

WIDTHS = (1440, 768, 390, 320)
"""The first is the one at which most pages are opened."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

_EVERY_RULE = {"rules": {"target-size": {"enabled": True}}}
_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
_USUAL = {"resultTypes": ["violations"], "preload": False, "iframes": False}
_QUICK_AXE = (Path(__file__).parent / "quick_axe.js").read_text()

_FACTS = """() => {
  scrollTo(0, 0);
  const bytes = performance.getEntriesByType('navigation')[0].decodedBodySize;
  return [document.title, document.querySelectorAll('h1').length, bytes];
}"""

_good_looks: list[str] = []
"""What axe has found on any page to be of enough contrast, so that it need not measure it again."""

_CUT_OFF = """() => {
  const cut = (box, clip) => box.width > 1 && (box.right > clip.right + 1 || box.left < clip.left - 1);
  const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const card = node.parentElement.closest('.card, .col, .appt, .banner');
    const hidden = getComputedStyle(node.parentElement).clipPath !== 'none';
    const seen = node.textContent.trim() && !hidden && node.parentElement.checkVisibility();
    if (!seen || !card || node.parentElement.closest('.vh, pre, .flow thead, .what, .cols .who')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const clip = card.getBoundingClientRect();
    if ([...range.getClientRects()].some((box) => cut(box, clip))) found.push(node.textContent.trim());
  }
  return found;
}"""

_OVERLAPPING = """() => {
  const found = [];
  for (const row of document.querySelectorAll('main tbody tr')) {
    const cells = [...row.cells].map((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return [cell, range.getBoundingClientRect()];
    }).filter(([cell, box]) => box.width > 1 && box.height > 1);
    for (const [one, a] of cells) for (const [other, b] of cells) {
      const apart = a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
      if (one !== other && !apart) found.push(`${one.textContent.trim()} over ${other.textContent.trim()}`);
    }
  }
  return found;
}"""

_WHAT_DOES_NOT_FIT = f"""() => {{
  const sideways = document.documentElement.scrollWidth - innerWidth;
  return [
    ...(sideways > 0 ? [`scrolls ${{sideways}} px sideways`] : []),
    ...({_CUT_OFF})().map((words) => `cut off: ${{words}}`),
    ...({_OVERLAPPING})().map((words) => `overlapping: ${{words}}`),
  ];
}}"""


def axe_violations(page: Page, part: str | None = None, *, only_colours: bool = False) -> list[str]:
    """Return what axe finds wrong with a page, or a part of it."""
    _bring_axe(page)
    rules = _COLOURS if only_colours else _EVERY_RULE
    found, new = page.evaluate("([part, options]) => quickAxe.run(part, options)", [part, _USUAL | rules])
    _good_looks.extend(new)
    return [_described(violation) for violation in found]


def has_new_look(page: Page) -> bool:
    """Return whether a text of a page, on which axe has been, looks now as axe has found none to be good."""
    new: bool = page.evaluate("quickAxe.hasNewLook()")
    return new


def looks_wrong(page: Page, width: int) -> list[str]:
    """Return what doesn't fit at a width: a page that scrolls sideways, words cut off or over one another."""
    if page.viewport_size != (size := ViewportSize(width=width, height=900)):
        page.set_viewport_size(size)
    return [f"{width} px: {problem}" for problem in page.evaluate(_WHAT_DOES_NOT_FIT)]


@dataclass(frozen=True)
class Facts:
    """The title of a page, how many headings of the first level it has, and as how many bytes of HTML it came."""

    title: str
    headings: int
    html_bytes: int

    @property
    def words_of_title(self) -> set[str]:
        """Return the folded words of the title, without the clinic's name at its end."""
        return set(fold(self.title.rsplit(" – ", 1)[0]).replace(",", " ").split())


def scroll_to_the_top(page: Page) -> Facts:
    """Scroll a page to its top, return its facts."""
    return Facts(*page.evaluate(_FACTS))


def keep_axe(context: BrowserContext) -> None:
    """Let a browser load axe into each of its pages by itself, which is quicker if it looks at many."""
    context.add_init_script(AXE_SCRIPT)


def _bring_axe(page: Page) -> None:
    """Load axe into a page, unless it is there; a strict policy lets a debugger evaluate its source."""
    loaded: dict[str, bool] = page.evaluate("({ axe: 'axe' in window, quick: 'quickAxe' in window })")
    if not loaded["axe"]:
        page.evaluate(AXE_SCRIPT)
    if not loaded["quick"]:
        page.evaluate(_QUICK_AXE, _good_looks)


def _described(violation: dict[str, Any]) -> str:
    nodes = [" ".join(str(part) for part in node["target"]) for node in violation["nodes"]]
    return f"{violation['id']}: {'; '.join(nodes[:5])}"
