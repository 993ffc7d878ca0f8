"""A submission's page without scripts: its place in the queue, its verdict, its code."""

import re
import time

from tests.support.page_browser import PROBLEM, PageBrowser, sign_up, submit


def test_a_form_without_scripts_leads_to_the_verdict(learner: PageBrowser) -> None:
    page = submit(learner, "print one two\n")
    assert page.url.path.startswith("/submissions/")
    assert 'data-outcome="accepted"' in page.text
    assert "one two" in page.text
    assert "The code" in page.text


def test_a_submission_under_way_refreshes_by_itself_without_scripts(learner: PageBrowser) -> None:
    page = learner.post(f"{PROBLEM}/submissions", data={"code": "wait 5", "mode": "run"})
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
    cancelled = learner.post(f"{page.url.path}/cancel")
    assert 'data-outcome="cancelled"' in cancelled.text


def test_whoever_waits_sees_their_place_without_scripts(learner: PageBrowser) -> None:
    first, second, third = (
        learner.post(f"{PROBLEM}/submissions", data={"code": "wait 4", "mode": "run"}) for _ in "123"
    )
    assert "Waiting: next in the queue" in second.text
    assert "Waiting: 1 ahead of you" in third.text
    learner.post(f"{second.url.path}/cancel")
    assert "Waiting: next in the queue" in learner.get(third.url).text
    learner.post(f"{first.url.path}/cancel")


def test_whoever_was_put_back_is_told_why_without_scripts(learner: PageBrowser) -> None:
    """The machine was too busy; the run that is begun again says so as long as it has no verdict."""
    page = learner.post(f"{PROBLEM}/submissions", data={"code": "starve 1\nwait 30", "mode": "run"})
    assert (
        "says nothing of your code"
        not in learner.post(
            f"{PROBLEM}/submissions", data={"code": "outcome wrong_value", "mode": "run"}
        ).text
    )
    while "The machine is busy" not in page.text:
        assert 'data-outcome="' not in page.text
        time.sleep(0.05)
        page = learner.get(page.url)
    assert "It says nothing of your code." in page.text
    cancelled = learner.post(f"{page.url.path}/cancel")
    assert "The machine is busy" not in cancelled.text


def test_what_a_program_prints_is_escaped(learner: PageBrowser) -> None:
    page = submit(learner, "print <script>alert(1)</script> \x1b[31mred\x1b[0m")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; red" in page.text


def test_the_verdict_is_also_a_fragment(learner: PageBrowser) -> None:
    """The same template serves pages with and without scripts."""
    page = submit(learner, "outcome wrong_value")
    fragment = learner.get(page.url, params={"fragment": "verdict"}).text
    assert "<html" not in fragment
    assert 'data-outcome="wrong_value"' in fragment
    assert "Wrong values" in fragment


def test_the_line_at_which_a_limit_was_met_is_marked(learner: PageBrowser) -> None:
    """As one that raised is; the heading has the outcome's words in place of an exception's name."""
    page = submit(learner, "outcome time_limit\nline 2\nx = 1")
    text = learner.get(page.url).text
    assert 'data-marked-line="2"' in text
    assert '<li id="line-2" class="marked"' in text
    assert '<h3>Out of time in <a href="#line-2"' in text


def test_rows_that_repeat_a_case_are_explained_below_the_table(learner: PageBrowser) -> None:
    page = submit(learner, "outcome wrong_value").text
    assert "<code>toy-8x8-fresh-1</code> is its case with numbers that were drawn anew" in page
    assert "drawn anew" not in submit(learner, "outcome wrong_value", mode="run").text


def test_an_exception_is_explained_in_front_of_its_message(learner: PageBrowser) -> None:
    """What it means is read first, and code in it is set as code."""
    page = submit(learner, "outcome error\nline 2\nx = 1")
    text = learner.get(page.url).text
    explanation = '<p class="explanation">In <code>plain</code> words.</p>'
    assert 0 < text.index(explanation) < text.index("as it was told")


def test_a_wrong_case_shows_expected_beside_yours_and_a_picture(learner: PageBrowser) -> None:
    """As a table with heads, and an image with its text; both without scripts or styles of their own."""
    page = submit(learner, "answers 1 2.5 3").text
    row = page.partition('<tr class="case-more">')[2]
    assert "<caption>The 2 numbers that differ</caption>" in row
    heads = re.findall(
        r'<th scope="row">(.*?)</th><td class="number">(.*?)</td><td class="number">(.*?)</td>', row
    )
    assert heads[:2] == [("[1]", "2", "2.5"), ("[2]", "4", "3")]
    assert "The largest error is at <code>[2]</code>." in row
    picture = row[row.index("<svg xmlns") : row.index("</svg>")]
    assert 'role="img"' in picture
    assert "<desc>2 of 3 numbers differ." in picture
    assert "style=" not in picture


def test_another_learners_submission_is_not_found(learner: PageBrowser) -> None:
    page = submit(learner, "secret = 1")
    learner.post("/sign-out")
    sign_up(learner, "bob@lab.test")
    for answer in (
        learner.get(page.url),
        learner.get(PROBLEM, params={"load": page.url.path.rpartition("/")[2]}),
    ):
        assert answer.status_code == 404
        assert "secret" not in answer.text


def test_a_verdict_whose_look_was_cut_short_says_so_until_it_is_explained(learner: PageBrowser) -> None:
    """Without scripts the page looks again by itself; the verdict is there all the time."""
    page = learner.post(
        f"{PROBLEM}/submissions", data={"code": "outcome wrong_value\ncut_short\nlater_wait", "mode": "run"}
    )
    while "data-outcome" not in page.text:
        time.sleep(0.05)
        page = learner.get(page.url)
    assert 'data-outcome="wrong_value"' in page.text
    assert 'data-explained="cut_short"' in page.text
    assert "is still being looked into" in page.text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page.text


def test_an_explanation_that_came_later_stands_in_the_verdict(learner: PageBrowser) -> None:
    page = submit(learner, "outcome wrong_value\ncut_short\nfound reads_last")
    # It looked again until all was said.
    text = learner.get(page.url).text
    assert "This is <code>reads_last</code>." in text
    assert 'data-explained="complete"' in text
    assert "being looked into" not in text
    assert "refresh" not in text


def test_what_no_author_has_written_is_marked_as_made(learner: PageBrowser) -> None:
    """A mutant's sentence is a rule's; a variant's is an author's, and says nothing of the kind."""
    made = learner.get(submit(learner, "outcome wrong_value\ncut_short\nmutant another_row").url).text
    written = learner.get(submit(learner, "outcome wrong_value\ncut_short\nfound reads_last").url).text
    assert "This is <code>another_row</code>." in made
    assert "nobody wrote it for this exercise" in made
    assert "nobody wrote it" not in written


def test_an_acceptance_says_that_it_does_not_count_before_it_is_confirmed(learner: PageBrowser) -> None:
    """Without scripts the page looks again by itself; the list below the editor says it, too."""
    page = learner.post(f"{PROBLEM}/submissions", data={"code": "warm\nlater_wait", "mode": "submit"})
    while "data-outcome" not in page.text:
        time.sleep(0.05)
        page = learner.get(page.url)
    assert 'data-outcome="accepted"' in page.text
    assert 'data-confirmation="pending"' in page.text
    assert "once a fresh jail has said the same" in page.text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page.text
    assert "being confirmed" in learner.get(PROBLEM).text


def test_an_acceptance_that_is_taken_back_is_told_on_both_pages(learner: PageBrowser) -> None:
    page = submit(learner, "warm\nfresh wrong_value", "submit")
    while 'data-confirmation="refused"' not in page.text:
        time.sleep(0.05)
        page = learner.get(page.url)
    assert 'data-outcome="wrong_value"' in page.text
    assert "does not count as solved" in page.text
    assert "a fresh jail refused it" in learner.get(PROBLEM).text


def test_a_look_that_was_given_up_is_offered_again(learner: PageBrowser) -> None:
    page = submit(learner, "outcome wrong_value\ncut_short\nlater_break 3\nfound reads_last")
    assert "no reason can be named" in page.text
    assert f'action="{page.url.path}/explanation"' in page.text
    learner.post(f"{page.url.path}/explanation")
    while "reads_last</code>" not in (text := learner.get(page.url).text):
        time.sleep(0.05)
    assert "/explanation" not in text
