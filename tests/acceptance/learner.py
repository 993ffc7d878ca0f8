"""What a learner does in a browser, in their words."""

from playwright.sync_api import Locator, Page, expect

from tests.support.checkout import CHECKOUT

PROBLEM = "/problems/vit-cls-token"
PASSWORD = "three unrelated words"
ADMIN = "admin@lab.test"
# The first run on a fresh machine compiles everything once.
VERDICT_MILLISECONDS = 150_000


def reference_solution() -> str:
    return (CHECKOUT / "reference_solutions/46-vit-cls-token/reference.py").read_text()


def wrong_solution(name: str) -> str:
    return (CHECKOUT / f"problems/46-vit-cls-token/variants/{name}.py").read_text()


def sign_in_as_admin(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Email address").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name=ADMIN)).to_be_visible()


class Learner:
    """One person at one page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def sign_up(self, email: str) -> None:
        self.page.goto("/sign-up")
        self.page.get_by_label("Email address").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("main").get_by_role("button", name="Sign up").click()
        expect(self.page.get_by_role("link", name=email)).to_be_visible()

    def open_problem(self) -> None:
        self.page.goto(PROBLEM)
        expect(self.page.locator(".cm-content")).to_be_visible()

    def write(self, code: str) -> None:
        """Replaces what stands in the editor."""
        self.page.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)
        expect(self.page.locator("textarea[name=code]")).to_have_value(code)

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button).click()

    def verdict(self, outcome: str) -> Locator:
        """Waits for a verdict, which must be this one."""
        shown = self.page.locator("[data-verdict]")
        expect(shown).to_be_visible(timeout=VERDICT_MILLISECONDS)
        expect(shown).to_have_attribute("data-outcome", outcome)
        return shown
