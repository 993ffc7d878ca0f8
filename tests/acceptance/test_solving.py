"""Position 46 from the sign-up to the recap, in a real browser, graded in the real jail."""

import ast

import pytest
from playwright.sync_api import expect

from tests.acceptance.learner import VERDICT_MILLISECONDS, Learner, reference_solution, wrong_solution

pytestmark = [pytest.mark.browser, pytest.mark.jail]


def test_a_misconception_is_named_and_the_right_solution_accepted(learner: Learner) -> None:
    """Cases turn up live, then the verdict; both submissions are listed; the recap opens."""
    page = learner.page
    learner.open_problem()
    expect(page.locator(".recap")).to_have_count(0)

    wrong = wrong_solution("reads_last_token")
    learner.write(wrong)
    learner.press("Submit all cases")
    ended = page.locator("[data-live-cases] tbody tr:not(.pending)")
    expect(ended.first).to_be_visible(timeout=VERDICT_MILLISECONDS)
    verdict = learner.verdict("wrong_value")
    expect(verdict.get_by_role("heading", name="Wrong values")).to_be_visible()
    # As it is shown: without backticks, in one line.
    reported = " ".join((ast.get_docstring(ast.parse(wrong)) or "").replace("`", "").split())
    assert reported[:40] in " ".join(verdict.locator(".diagnosis").inner_text().split())
    expect(verdict.locator("tbody tr", has_text="hidden").first).to_be_visible()
    shown = verdict.locator("tr", has_text="toy-8x8").locator("+ tr")
    expect(shown.get_by_role("table", name="The 3 numbers that differ").get_by_role("row")).to_have_count(4)
    expect(shown.get_by_role("img", name="Expected and your numbers")).to_be_visible()
    # One for each sample case that fails; a hidden one shows nothing of its numbers.
    expect(verdict.get_by_role("img", name="Expected and your numbers")).to_have_count(2)
    page.set_viewport_size({"width": 360, "height": 800})
    for part in (shown.get_by_role("table"), shown.get_by_role("img")):
        box = part.bounding_box()
        assert box is not None
        # On a phone too, where the table of cases is wider than the screen.
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
    page.set_viewport_size({"width": 1440, "height": 900})

    learner.write(reference_solution())
    learner.press("Submit all cases")
    expect(page.locator("[data-island=live-verdict]")).to_be_visible()
    verdict = learner.verdict("accepted")
    expect(verdict.locator(".totals")).to_contain_text("100 %")
    expect(verdict.locator(".status-badge", has_text="Passed").first).to_be_visible()

    expect(page.locator(".recap")).to_be_visible()
    earlier = page.locator(".earlier li")
    expect(earlier).to_have_count(2)
    expect(earlier.first).to_contain_text("Accepted")
    page.goto("/")
    expect(page.locator(".problems li", has_text="NNX ViT with CLS Token")).to_contain_text("Solved")


def test_the_line_at_fault_is_marked_in_the_editor(learner: Learner) -> None:
    """And a line of the traceback leads to its line; editing the line takes the mark away."""
    learner.open_problem()
    learner.write(
        "def helper(x):\n    return x / missing\n\n\n"
        "def vit_cls_forward(*arguments):\n    return helper(arguments)\n"
    )
    learner.press("Run sample cases")
    verdict = learner.verdict("error")
    expect(verdict.locator(".error-block")).to_contain_text("NameError")
    fault = learner.page.locator(".cm-line.cm-fault")
    expect(fault).to_have_text("    return x / missing")
    verdict.locator(".frames").get_by_role("link", name="line 6").click()
    expect(fault).to_have_text("    return helper(arguments)")
    learner.page.keyboard.type("# ")
    expect(fault).to_have_count(0)


def test_keys_run_and_submit_and_lead_out_of_the_editor(learner: Learner) -> None:
    page = learner.page
    learner.open_problem()
    learner.write("def vit_cls_forward(:\n")
    page.keyboard.press("Control+Enter")
    expect(learner.verdict("syntax_error")).to_contain_text("line 1")
    expect(page.locator(".earlier li").first).to_contain_text("Run")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator(".earlier li").first).to_contain_text("Submit", timeout=VERDICT_MILLISECONDS)
    page.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run sample cases")).to_be_focused()


def test_an_earlier_submission_is_shown_and_loaded(learner: Learner) -> None:
    page = learner.page
    learner.open_problem()
    learner.write("first = 1\n")
    learner.press("Run sample cases")
    learner.verdict("missing_function")
    learner.write("second = 2\n")
    page.locator(".earlier li").first.get_by_role("link").click()
    expect(page.locator(".listing")).to_contain_text("first = 1")
    page.get_by_role("link", name="Load into the editor").click()
    expect(page.locator("textarea[name=code]")).to_have_value("first = 1\n")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+z")
    expect(page.locator("textarea[name=code]")).to_have_value("second = 2\n")


def test_code_that_is_too_long_is_refused_and_stays(learner: Learner) -> None:
    learner.open_problem()
    code = "# " + "x" * 70_000
    learner.write(code)
    learner.press("Submit all cases")
    expect(learner.page.get_by_role("alert")).to_contain_text("65,536 bytes are allowed")
    expect(learner.page.locator("textarea[name=code]")).to_have_value(code)
