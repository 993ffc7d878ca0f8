"""Say what an exception means, in plain words, with the shapes at hand."""

import re

from app.grading.explain import (
    calls,
    consoles,
    modules,
    names,
    newer_names,
    not_imported,
    shapes,
    tracing,
    whole_numbers,
)
from app.grading.explain.rule import Asked
from sandbox.interface import Raised

# Special before general: a layer's missing `rngs` before any missing argument, `sys.argv[1]` before a list's.
_RULES = (
    *tracing.RULES,
    *whole_numbers.RULES,
    *modules.RULES,
    *newer_names.RULES,
    *consoles.RULES,
    *not_imported.RULES,
    *shapes.RULES,
    *names.RULES,
    *calls.RULES,
)
_SENTENCE_END = re.compile(r"[.?:] (?=[A-Z`])")
_MESSAGE_LIMIT = 2_000
_LINE_LIMIT = 300
_NAME_LIMIT = 80
_LIMIT = 600


def explain(kind: str, message: str, *, line: str = "", nearest: str = "") -> str:
    """Explain an exception of type `kind` that the learner's `line` raised; empty where nothing is sure.

    `nearest` is a name that is there, like one that was not found. All four are a hostile process's: they
    are cut, and the patterns take time in proportion to what is left.
    """
    message, line = message[:_MESSAGE_LIMIT], line[:_LINE_LIMIT]
    nearest = nearest if nearest.isidentifier() and len(nearest) <= _NAME_LIMIT else ""
    for rule in _RULES:
        match = rule.pattern.match(message) if kind in rule.types else None
        said = rule.say(Asked(match=match, line=line, nearest=nearest)) if match else ""
        if said:
            return said[:_LIMIT]
    return ""


def explanation(raised: Raised) -> str:
    """Explain an exception as the jail reports it."""
    line = raised.frames[-1].text if raised.frames else ""
    return explain(raised.type, raised.message, line=line, nearest=raised.nearest)


def first_sentence(explanation: str) -> str:
    """Cut to the sentence that says what is wrong, without the advice, for a narrow place."""
    end = _SENTENCE_END.search(explanation)
    return explanation if end is None else explanation[: end.start()]
