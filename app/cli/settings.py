"""`jaxercise settings`: what is in force, and where each value comes from."""

from collections.abc import Iterator

from pydantic import SecretStr

from app.settings import Settings, read_settings, source_of

_HIDDEN = "***"
_WIDEST = 60


def settings() -> None:
    """Print each setting: its variable, its value without passwords, and environment, file or default."""
    rows = list(_rows(read_settings()))
    names = max(len(name) for name, _, _ in rows)
    # One long path should not push every line apart.
    values = min(max(len(value) for _, value, _ in rows), _WIDEST)
    for name, value, source in rows:
        print(f"{name:<{names}}  {value:<{values}}  {source}")


def _rows(found: Settings) -> Iterator[tuple[str, str, str]]:
    for name in Settings.model_fields:
        value = _shown_url(found.store_url) if name == "database_url" else _shown(getattr(found, name))
        yield f"JAXERCISE_{name.upper()}", value, source_of(name)


def _shown(value: object) -> str:
    """Return a value as it would be written in the environment; a dash for none."""
    if isinstance(value, SecretStr):
        return _HIDDEN
    if isinstance(value, bool):
        return str(value).lower()
    return "–" if value in (None, "") else f"{value:.10g}" if isinstance(value, float) else str(value)


def _shown_url(url: str) -> str:
    """Return a database's URL without its passwords.

    Raises:
        SettingsError: it cannot be read, and so nobody knows where in it the password stands.
    """
    from app.store.engine.url import parsed_url

    parts = parsed_url(url)
    hidden = {key: "hidden" for key in parts.query if "password" in key.lower()}
    return parts.update_query_dict(hidden).render_as_string(hide_password=True)
