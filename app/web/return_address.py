"""Where to go after signing in or up."""


def return_address(wanted: str) -> str:
    """`wanted` if it is a path of this service, else the front page; never another site."""
    # Browsers read a backslash as a slash, so `/\\evil.example` would leave.
    is_path = wanted.startswith("/") and not wanted.startswith("//")
    return wanted if is_path and "\\" not in wanted and wanted.isprintable() else "/"
