"""What of the checkout a build of the images is given."""

import fnmatch

from tests.support.checkout import CHECKOUT


def is_in_context(path: str) -> bool:
    """Return whether the path is in the checkout and `.dockerignore` lets it through."""
    return is_let_through(path) and (CHECKOUT / path).exists()


def is_let_through(path: str) -> bool:
    """Return whether `.dockerignore` lets the path through, wherever it is; the last match decides."""
    allowed = True
    for line in (CHECKOUT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        kept = pattern.startswith("!")
        body = pattern.removeprefix("!").rstrip("/")
        if fnmatch.fnmatch(path, body) or path.startswith(f"{body}/"):
            allowed = kept
    return allowed
