"""Lists folders of compiled programs, which nobody may, not even the ordinary user that owns them."""

from pathlib import Path


def listed(folder: Path) -> list[Path]:
    mode = folder.stat().st_mode & 0o7777
    folder.chmod(mode | 0o400)
    try:
        return sorted(folder.iterdir())
    finally:
        folder.chmod(mode)
