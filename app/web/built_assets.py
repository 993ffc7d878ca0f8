"""The scripts and styles that Vite built, by their hashed names."""

from functools import lru_cache
from pathlib import Path

import msgspec

from app.core.paths import path_of

STATIC_DIR = path_of("static")
_ENTRY = "islands/main.ts"


class BuiltAssets(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses to load; empty where `npm run build` has not run, and pages then do without."""

    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


class _Chunk(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    css: tuple[str, ...] = ()


@lru_cache(maxsize=8)
def built_assets(static_dir: Path = STATIC_DIR) -> BuiltAssets:
    manifest = static_dir / "dist" / "manifest.json"
    if not manifest.is_file():
        return BuiltAssets()
    entry = msgspec.json.decode(manifest.read_bytes(), type=dict[str, _Chunk])[_ENTRY]
    return BuiltAssets(
        scripts=(f"/static/dist/{entry.file}",),
        styles=tuple(f"/static/dist/{file}" for file in entry.css),
    )
