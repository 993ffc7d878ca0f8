"""JUnit XML, as CI systems read it: suites of cases, each with the file and line that it is about."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from xml.etree import ElementTree

import msgspec

# XML 1.0 has no other characters than these, not even written as references.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Ending(StrEnum):
    """How a case ended, by the element that says so; `passed` has none."""

    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    group: str
    name: str
    file: str
    line: int = 1
    seconds: float = 0.0
    ending: Ending = Ending.PASSED
    type: str = ""
    """A word for the kind of what is wrong."""
    message: str = ""
    text: str = ""


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    cases: tuple[Case, ...]


def junit(name: str, suites: Sequence[Suite], *, properties: Mapping[str, str]) -> bytes:
    """Return the report, with totals of each suite and of all; well-formed whatever a text holds."""
    root = ElementTree.Element("testsuites", name=_in_xml(name))
    _write_totals(root, [case for suite in suites for case in suite.cases])
    for suite in suites:
        below = _add(root, "testsuite", name=suite.name)
        _write_totals(below, suite.cases)
        if properties:
            held = _add(below, "properties")
            for key, value in properties.items():
                _add(held, "property", name=key, value=value)
        for case in suite.cases:
            _write_case(below, case)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _write_case(suite: ElementTree.Element, case: Case) -> None:
    written = _add(
        suite,
        "testcase",
        classname=case.group,
        name=case.name,
        file=case.file,
        line=str(max(1, case.line)),
        time=f"{case.seconds:.3f}",
    )
    if case.ending is Ending.PASSED:
        return
    kind = {"type": case.type} if case.type else {}
    reason = _add(written, case.ending.value, message=case.message, **kind)
    reason.text = _in_xml(case.text or case.message)


def _write_totals(element: ElementTree.Element, cases: Sequence[Case]) -> None:
    totals = {"tests": len(cases)}
    for name, ending in (("failures", Ending.FAILURE), ("errors", Ending.ERROR), ("skipped", Ending.SKIPPED)):
        totals[name] = sum(case.ending is ending for case in cases)
    for name, total in totals.items():
        element.set(name, str(total))
    element.set("time", f"{sum(case.seconds for case in cases):.3f}")


def _add(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    written = {name: _in_xml(value) for name, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, written)


def _in_xml(text: str) -> str:
    """Write out what no XML may hold, such as the control characters of an exception's message."""
    return _NOT_IN_XML.sub(lambda match: ascii(match[0])[1:-1], text)
