"""What is wrong with where a figure or a link of a statement leads, and what to do."""

import difflib
from collections.abc import Iterable, Mapping
from posixpath import normpath
from urllib.parse import unquote

from app.catalog.markup.figures import MEDIA_TYPES, is_what_it_is_called, media_type_of, parts_of, path_of

_SHOWN = f"pages show {', '.join(kind.removeprefix('.') for kind in MEDIA_TYPES)}"
_SCHEMES = ("http", "https", "mailto")


def figure_reason(address: str, assets: Mapping[str, bytes]) -> str | None:
    """Return what is wrong with a figure, if anything is; `assets` are the files below assets/ by name."""
    if not address:
        return "a figure names no file; write `![what it shows](assets/NAME.svg)`"
    if path_of(address) is None:
        return f"the figure `{unquote(address)}` is not in assets/, and pages load no other; put it there"
    return _file_reason(f"the figure `{unquote(address)}`", address, assets)


def link_reason(address: str, anchors: set[str], assets: Mapping[str, bytes]) -> str | None:
    """Return what is wrong with a link; `anchors` are the ids of the statement's headings."""
    shown = f"the link `{unquote(address)}`"
    parts = parts_of(address)
    if not address:
        return "a link leads nowhere; write its address between the brackets"
    if parts.scheme or parts.netloc:
        if parts.scheme in (*_SCHEMES, ""):
            return None
        return f"{shown} is neither http, https nor mailto; pages follow no other"
    if not parts.path:
        anchor = unquote(parts.fragment)
        near = difflib.get_close_matches(anchor, anchors, n=1)
        meant = (
            f"did you mean `#{near[0]}`?" if near else f"there are {_listed(f'`#{one}`' for one in anchors)}"
        )
        return None if anchor in anchors else f"{shown} leads to no heading; {meant}"
    if parts.path.startswith("/"):
        return None
    return _file_reason(shown, address, assets)


def _file_reason(shown: str, address: str, assets: Mapping[str, bytes]) -> str | None:
    path = path_of(address)
    assert path is not None
    if path.startswith(".."):
        return f"{shown} leads out of the problem's folder; only what lies in its assets/ is served"
    name = path.removeprefix("assets/")
    if name == path:
        other = f"; did you mean `assets/{path}`?" if path in assets else ""
        return f"{shown} does not lie in assets/, and nothing else is served{other}"
    if name not in assets:
        near = difflib.get_close_matches(name, assets, n=1, cutoff=0.5)
        meant = f"did you mean `assets/{near[0]}`?" if near else _what_there_is(assets)
        return f"{shown} is missing; {meant}"
    return kind_reason(shown, name, assets[name])


def kind_reason(shown: str, name: str, content: bytes) -> str | None:
    """Return why pages do not show a file of `assets/`, called `shown` in the sentence."""
    if media_type_of(name) is None:
        return f"{shown} is of a kind that pages do not show; {_SHOWN}"
    if not is_what_it_is_called(name, content):
        kind = normpath(name).rpartition(".")[2].upper()
        return (
            f"{shown} is no {kind} by its content; save it anew, or fetch it where it is a pointer of Git LFS"
        )
    return None


def _what_there_is(assets: Mapping[str, bytes]) -> str:
    return f"there are {_listed(f'`assets/{name}`' for name in assets)}" if assets else "assets/ is empty"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
