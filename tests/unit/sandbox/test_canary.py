"""What is made of the canary's calls: which patch is left out, and what is kept of it."""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sandbox import canary
from sandbox.canary import Seen, difference, fitting_patches
from sandbox.patches import PATCH_NAMES, PatchChoice

pytestmark = pytest.mark.anyio

_PLAIN = {"scan": "1", "sort": "2", "output": ""}


class Host:
    """Where patches change this or that; counts how often plain JAX was asked."""

    def __init__(self, changes: Mapping[tuple[str, ...], Mapping[str, str]], plain: bool = True) -> None:
        self.changes = changes
        self.plain = plain
        self.looks = 0

    async def look_plain(self, place: Path, *, jailed: bool) -> Seen | None:
        self.looks += 1
        await asyncio.sleep(0)
        return Seen(parts=_PLAIN) if self.plain else None

    async def look_patched(self, place: Path, names: Sequence[str], *, jailed: bool) -> Seen:
        return Seen(parts={**_PLAIN, **self.changes.get(tuple(names), {})})


async def _found(host: Host, monkeypatch: pytest.MonkeyPatch, *kept: Path) -> PatchChoice:
    monkeypatch.setattr(canary, "look_plain", host.look_plain)
    monkeypatch.setattr(canary, "look_patched", host.look_patched)
    return await fitting_patches(PATCH_NAMES, kept=kept, jailed=True)


def test_every_difference_counts() -> None:
    """What is missing, what is more, and what is other."""
    assert difference(Seen(parts=_PLAIN), Seen(parts=dict(reversed(_PLAIN.items())))) is None
    for other in ({"scan": "1"}, {**_PLAIN, "scan, loaded": "3"}, {**_PLAIN, "output": "a line"}):
        assert difference(Seen(parts=_PLAIN), Seen(parts=other)) is not None


async def test_all_are_given_where_nothing_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And they are not tried again, neither here nor for another data folder of the same user."""
    host = Host({})
    one, two = tmp_path / "one", tmp_path / "two"
    choices = [await _found(host, monkeypatch, one, two), await _found(host, monkeypatch, two)]
    assert choices == [PatchChoice(active=PATCH_NAMES)] * 2
    assert host.looks == 1
    assert caplog.messages == []


async def test_the_patch_that_differs_alone_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says which call it changes, at each start, also where that was found earlier."""
    broken = {"scan": "7"}
    host = Host({PATCH_NAMES: broken, ("ir_context",): broken})
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            choice = await _found(host, monkeypatch, tmp_path)
            assert choice.active == ("flax_type_cache", "executable_cache")
            assert choice.left_out == {"ir_context": "it changes what JAX does here: scan"}
    assert host.looks == 1
    assert len([line for line in caplog.messages if "ir_context" in line and "scan" in line]) == 2


async def test_patches_that_differ_together_are_left_out_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = await _found(Host({PATCH_NAMES: {"sort": "9"}}), monkeypatch, tmp_path)
    assert choice.active == ()
    assert set(choice.left_out) == set(PATCH_NAMES)


async def test_nothing_is_given_or_kept_where_plain_jax_does_not_come_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a machine that is short of memory for a moment."""
    choice = await _found(Host({}, plain=False), monkeypatch, tmp_path)
    assert choice.active == ()
    assert await _found(Host({}), monkeypatch, tmp_path) == PatchChoice(active=PATCH_NAMES)


@pytest.mark.parametrize("content", [b"", b"{", b'{"active": 3}', b"\xff"])
async def test_what_was_kept_and_is_damaged_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    host = Host({})
    await _found(host, monkeypatch, tmp_path)
    [file] = tmp_path.glob("*.json")  # noqa: ASYNC240
    file.write_bytes(content)
    assert await _found(host, monkeypatch, tmp_path) == PatchChoice(active=PATCH_NAMES)
    assert host.looks == 2


async def test_of_several_that_start_at_once_one_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others wait for what it finds."""
    host = Host({})
    choices = await asyncio.gather(*(_found(host, monkeypatch, tmp_path) for _ in range(4)))
    assert choices == [PatchChoice(active=PATCH_NAMES)] * 4
    assert host.looks == 1


async def test_a_folder_that_cannot_be_written_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    choice = await _found(Host({}), monkeypatch, tmp_path / "file" / "below")
    assert choice == PatchChoice(active=PATCH_NAMES)


async def test_without_patches_nothing_is_tried(tmp_path: Path) -> None:
    """Neither is a jail started."""
    assert await fitting_patches((), kept=[tmp_path], jailed=True) == PatchChoice()


def _kept_in(folder: Path) -> set[Path]:
    return set(folder.glob("canary-*.json"))


async def test_what_older_versions_left_goes_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest stay, whatever else lies there; otherwise a folder grows with every upgrade."""
    older = [tmp_path / f"canary-{number:032x}.json" for number in range(30)]
    for age, file in enumerate(older):
        file.write_text("{}")
        os.utime(file, (1e9 - age, 1e9 - age))
    other = tmp_path / "calibration-1.json"
    other.write_text("{}")
    await _found(Host({}), monkeypatch, tmp_path)
    left = _kept_in(tmp_path)
    assert len(left) == 16
    assert left - set(older[:15]) - set(older[15:]), "the newest was taken away"
    assert left & set(older) == set(older[:15])
    assert other.exists()
