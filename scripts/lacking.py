"""The one way in which a set-up gives up."""


class Lacking(Exception):
    """Something is missing that may not be installed here; the message is one line and says what to do."""
