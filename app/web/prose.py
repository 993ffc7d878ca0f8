"""Sentences of the grader, in which `backticks` stand round code."""

import re

from markupsafe import Markup

from app.web.number_words import plain_text

_CODE = re.compile(r"`([^`\n]+)`")


def with_code(sentence: str) -> Markup:
    """The sentence escaped, with what stands in backticks as `<code>`."""
    # Every second part is what the pattern caught.
    parts = _CODE.split(plain_text(sentence))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else part for index, part in enumerate(parts)
    )
