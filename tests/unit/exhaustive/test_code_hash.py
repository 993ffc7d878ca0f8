"""What results rest on is told apart by what is executed, and by every byte where the text is graded."""

from pathlib import Path

import pytest

from tests.exhaustive.code_hash import hash_files, hash_whole

_CODE = "def f(x):\n    return x + 1\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("app", "problems"):
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "deep" / "code.py").write_text(_CODE)
        (tmp_path / folder / "table.toml").write_text("a = 1\n")
    return tmp_path


def _hash(checkout: Path, path: str) -> str:
    return hash_files(checkout, [path])[path]


@pytest.mark.parametrize(
    ("name", "text", "is_other"),
    [
        ("deep/code.py", 'def f(x):\n    """Add one."""\n    return x + 1  # always\n', False),
        ("deep/code.py", _CODE.replace("1", "2"), True),
        ("deep/README.md", "Words.\n", False),
        ("deep/__pycache__/code.pyc", "compiled", False),
        ("deep/more.py", "", True),
        ("table.toml", "a = 1  # one\n", True),
        ("deep/code.py", "def f(x:\n", True),
    ],
)
def test_what_counts_of_code(checkout: Path, name: str, text: str, is_other: bool) -> None:
    before = _hash(checkout, "app")
    (checkout / "app" / name).parent.mkdir(exist_ok=True)
    (checkout / "app" / name).write_text(text)
    assert (_hash(checkout, "app") != before) is is_other


def test_of_graded_texts_every_byte_counts(checkout: Path) -> None:
    before = _hash(checkout, "problems")
    (checkout / "problems" / "deep" / "code.py").write_text(f"# A hint.\n{_CODE}")
    assert _hash(checkout, "problems") != before


def test_a_file_that_moves_is_another_basis(checkout: Path) -> None:
    before = _hash(checkout, "app")
    (checkout / "app" / "deep").rename(checkout / "app" / "deeper")
    assert _hash(checkout, "app") != before


def test_a_path_that_is_not_there_is_refused(checkout: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no/such"):
        hash_files(checkout, ["no/such"])


def test_versions_count() -> None:
    assert hash_whole({"a": "1"}, {"jax": "1"}) != hash_whole({"a": "1"}, {"jax": "2"})
