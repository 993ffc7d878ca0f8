"""Email addresses, brought into one spelling so that an account is found again."""

import email_validator
from email_validator import EmailNotValidError, validate_email

from app.errors import MalformedEmail

# The library refuses names such as `.local` and `.test`, which are what a school's own network has.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


def normal_email(text: str) -> str:
    """The address in lower case, in one Unicode form.

    Nothing is looked up: a school's own `learner@lab.test` is as good as any.

    Raises:
        MalformedEmail: says what is wrong with it.
    """
    try:
        found = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as fault:
        raise MalformedEmail(f"This is not an email address: {fault}") from None
    return found.normalized.lower()
