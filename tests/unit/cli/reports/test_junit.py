"""JUnit XML is read by programs that we do not know: well-formed, with places and totals."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.reports.junit import Case, Ending, Suite, junit

_FAILED = Case(
    group="toy.variant",
    name="near",
    file="problems/3-toy/variants/near.py",
    line=7,
    seconds=0.25,
    ending=Ending.FAILURE,
    type="variant_passes",
    message="near passes",
    text="variant_passes: near passes. Add a case.",
)


def _read(report: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(report)  # noqa: S314 - written by us just now


def test_a_failed_case_has_file_line_type_and_text() -> None:
    suite = Suite(name="toy", cases=(_FAILED,))
    [case] = _read(junit("all", [suite], properties={})).iter("testcase")
    assert (case.get("file"), case.get("line"), case.get("time")) == (_FAILED.file, "7", "0.250")
    [failure] = case
    assert (failure.tag, failure.get("type"), failure.get("message"), failure.text) == (
        "failure",
        "variant_passes",
        "near passes",
        "variant_passes: near passes. Add a case.",
    )


def test_suites_and_the_whole_have_totals() -> None:
    passed = Case(group="toy.figure", name="one", file="problem.toml", line=0, seconds=1.0)
    error, skipped = (
        Case(group="regrade", name="whole", file="problems", ending=ending, message="stopped")
        for ending in (Ending.ERROR, Ending.SKIPPED)
    )
    suites = [Suite(name="toy", cases=(passed, _FAILED)), Suite(name="run", cases=(error, skipped))]
    root = _read(junit("all", suites, properties={"incomplete": "stopped"}))
    names = ("tests", "failures", "errors", "skipped", "time")
    totals = [[element.get(name) for name in names] for element in (root, *root.iter("testsuite"))]
    assert totals == [
        ["4", "1", "1", "1", "1.250"],
        ["2", "1", "0", "0", "1.250"],
        ["2", "0", "1", "1", "0.000"],
    ]
    assert [found.attrib for found in root.iter("property")] == [
        {"name": "incomplete", "value": "stopped"}
    ] * 2
    assert {case.get("line") for case in root.iter("testcase")} == {"1", "7"}, "lines begin at 1"


@given(st.text(alphabet=st.characters(codec=None), max_size=20))
def test_a_report_is_well_formed_whatever_a_text_holds(text: str) -> None:
    """An exception's text, a file's name and a branch may hold what no XML can."""
    case = Case(group=text, name=text, file=text, ending=Ending.FAILURE, type=text, message=text, text=text)
    report = junit(text, [Suite(name=text, cases=(case,))], properties={text: text})
    assert len(list(_read(report).iter("failure"))) == 1


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, 0x85, 0xD800, 0xFFFE, 0xFFFF, 0x1F600])
def test_what_no_xml_may_hold_is_written_out(code: int) -> None:
    """A message tells its character even so."""
    message = f"raised {chr(code)} here"
    case = Case(group="g", name="n", file="f", ending=Ending.FAILURE, message=message)
    [failure] = _read(junit("all", [Suite(name="s", cases=(case,))], properties={})).iter("failure")
    assert failure.attrib["message"] in (message, f"raised {ascii(chr(code))[1:-1]} here")
