"""What is kept by our code's digest is made anew once the code is another."""

from pathlib import Path

import pytest

from app.core.source_digest import source_digest


@pytest.mark.parametrize(
    ("changed", "is_another"),
    [
        ("one/a.py", True),
        ("one/deep/b.py", True),
        ("one/new.py", True),
        ("one/README.md", False),
        ("two/c.py", False),
        ("two/d.py", True),
    ],
)
def test_a_digest_is_of_the_python_files_that_it_names(
    tmp_path: Path, changed: str, is_another: bool
) -> None:
    for name in ("one/a.py", "one/deep/b.py", "one/README.md", "two/c.py", "two/d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    before = source_digest(["one", "two/d.py"], root=tmp_path)
    (tmp_path / changed).write_text("x = 2\n")
    assert (source_digest(["one", "two/d.py"], root=tmp_path) != before) is is_another


def test_the_same_text_in_another_file_is_another_digest(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.py").write_text("x = 1\n")
    before = source_digest(["one"], root=tmp_path)
    (tmp_path / "one" / "a.py").rename(tmp_path / "one" / "b.py")
    assert source_digest(["one"], root=tmp_path) != before
