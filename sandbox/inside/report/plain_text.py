"""Text of the submitted code on its way out."""


def plain_text(text: str, limit: int) -> str:
    """At most `limit` characters; lone surrogates, which UTF-8 cannot carry, become question marks."""
    cut = text if len(text) <= limit else text[: limit - 2] + " …"
    return cut.encode(errors="replace").decode()
