"""The page's texts in its languages.

Texts that stand still go to the browser, which picks its language (:func:`catalogue`). Sentences that carry results are
made here, in the language the request asks for (:func:`Texts.of`), because a browser cannot fill in their numbers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from fer_explain.figures.words import ENGLISH
from fer_explain.ui.shell.files import files

FALLBACK: Final = "en"
UNKNOWN_TO_GRADIO: Final = ("vi",)  # its own texts are not translated to these, so it never starts in them


def _read(language: str) -> dict[str, str]:
    """The texts of one language from the folders of all tabs and panels; those of charts are the report's, too."""
    texts = {key: text for key, text in ENGLISH.items() if key.startswith("bench.")} if language == FALLBACK else {}
    for path in files(f"{language}.json"):
        texts |= json.loads(path.read_text(encoding="utf-8"))
    return texts


LANGUAGES: Final = {language: _read(language) for language in ("en", "vi", "zh", "fr")}


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language: ``texts("photo.alt", n=2)``."""

    language: str = FALLBACK

    @classmethod
    def of(cls, accept_language: str | None) -> Texts:
        """The best of our languages for an Accept-Language header such as ``"fr-CH, fr;q=0.9, en;q=0.8"``."""
        wishes = []
        for entry in (accept_language or "").split(","):
            tag, _, quality = entry.partition(";q=")
            wishes.append((_quality(quality), tag.strip().split("-")[0].lower()))
        for _, tag in sorted(wishes, key=lambda wish: -wish[0]):
            if tag in LANGUAGES:
                return cls(tag)
        return cls()

    def __call__(self, key: str, **values: Any) -> str:
        """A text with its values filled in."""
        text = LANGUAGES[self.language][key]
        return text.format(**values) if values else text

    def emotion(self, label: str) -> str:
        """What a class is called; a class that is no emotion with a translation keeps its own name."""
        return LANGUAGES[self.language].get(f"emotion.{label.lower()}", label)


def catalogue() -> dict[str, dict[str, str]]:
    """All texts by the locale a browser may have."""
    return {**LANGUAGES, "zh-CN": LANGUAGES["zh"], "zh-TW": LANGUAGES["zh"]}


def substitutes() -> dict[str, dict[str, str]]:
    """For each language that is unknown to Gradio: our English texts and what to put in their place."""
    return {
        language: {LANGUAGES[FALLBACK][key]: text for key, text in LANGUAGES[language].items()}
        for language in UNKNOWN_TO_GRADIO
    }


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
