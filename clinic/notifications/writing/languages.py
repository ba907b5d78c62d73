"""The languages of messages: their default texts and phrases, which are kept in files beside this one."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "German", "pt": "Portuguese"}
"""The name of each language in which there are texts, by its code."""

_TEXTS = Path(__file__).parent / "texts"


@dataclass(frozen=True)
class TemplateText:
    """The subject and the text of a kind of message, both with placeholders."""

    subject: str
    text: str


@dataclass(frozen=True)
class Phrases:
    """The words of a language that stand around the text of a message: labels, buttons, the footer, headings."""

    language: str
    words: Mapping[str, Any]

    def __getitem__(self, name: str) -> str:
        found: str = self.words[name]
        return found

    def heading(self, kind: str, *, guardian: bool) -> str:
        """Return the heading of a kind of message, to a guardian or to the patient."""
        both: Mapping[str, str] = self.words["heading"]
        return {**both, **self.words["guardian_heading"]}[kind] if guardian else both[kind]


def choose_language(*preferred: str | None) -> str:
    """Return the first of some languages (BCP 47) in which there are texts, English if there is none."""
    codes = [(language or "").replace("_", "-").partition("-")[0] for language in preferred]
    return next((code for code in codes if code in LANGUAGES), "en")


@cache
def phrases_of(language: str) -> Phrases:
    """Return the phrases of a language."""
    return Phrases(language, tomllib.loads((_TEXTS / language / "phrases.toml").read_text("utf-8")))


@cache
def default_text(kind: str, language: str, *, guardian: bool = False) -> TemplateText:
    """Return the default text of a kind of message; the one for guardians if there is one of its own."""
    file = _TEXTS / language / f"{kind}.txt"
    of_guardian = file.parent / "guardian" / file.name
    content = (of_guardian if guardian and of_guardian.exists() else file).read_text("utf-8")
    subject, _, text = content.partition("\n")
    return TemplateText(subject, text.strip())
