"""Reading packages: what is right is read, what is wrong is refused with file, key and reason."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.problem_folder import load_folders, read_problem, reading_rules, version_of
from app.core.problem import Problem
from app.core.verdict import Mode, Visibility
from app.errors import HostLacks, ProblemError
from tests.support.checkout import CHECKOUT
from tests.support.toy_problem import MANIFEST, toy_files, write_toy_folders


def _with_manifest(old: str, new: str) -> dict[str, bytes]:
    assert old in MANIFEST
    return {**toy_files(), "problem.toml": MANIFEST.replace(old, new, 1).encode()}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('slug = "toy-shift"', 'slug = "Toy Shift"', "problem.toml: $: 'Toy Shift' must be lower-case"),
        ("position = 1", 'position = "one"', "problem.toml: $.position: Expected `int`"),
        (
            "position = 1",
            "position = 1\npositoin = 2",
            "problem.toml: $: Object contains unknown field `positoin`",
        ),
        ("position = 1", "position = ", "problem.toml: not valid TOML"),
        ("position = 1", "position = -1", "problem.toml: $.position: must be from 0 to 999,999"),
        ("position = 1", f"position = {2**70}", "problem.toml: $.position: "),
        ('id = "5b7a9a52-90f7-4a3a-9d3c-0c9ff1f9d0a1"', 'id = "7"', "problem.toml: $.id: '7' is not a UUID"),
        ('name = "other-seed"', 'name = "short"', "problem.toml: $.cases: the name 'short' is used twice"),
        ('title = "Toy shift"', 'title = " "', "problem.toml: $.title: must not be empty"),
        ('track = "toys"', 'track = ""', "problem.toml: $.track: must not be empty"),
        ('"Toy shift"', r'"Toy\u0000"', "problem.toml: $.title: has a control character (U+0000)"),
        (
            '"Add a learned shift."',
            r'"Add\u001b[1m"',
            "problem.toml: $.summary: has a control character (U+001B)",
        ),
        (
            'slug = "toy-shift"',
            f'slug = "{"a" * 101}"',
            "problem.toml: $.slug: has 101 characters; at most 100",
        ),
        ('id = "5b', f'id = "{"-" * 60}5b', "problem.toml: $.id: has 96 characters; at most 64"),
        (
            "position = 1",
            f"position = 1\nnested = {'[' * 20_000}",
            "problem.toml: not valid TOML: brackets are nested too deeply",
        ),
        ("seed = 5\n", "sede = 5\n", "problem.toml: $.cases[1].arguments: 's"),
        (
            "shape = [4], seed = 2",
            "shape = [-4], seed = 2",
            "problem.toml: $.cases[0].arguments.x: shape (-4,)",
        ),
        ('visibility = "sample"', 'visibility = "hidden"', "at least one case must have visibility 'sample'"),
        ('case = "short"', 'case = "long"', "problem.toml: $.probes[0].case: there is no case 'long'"),
        ('[module]\nname = "Shift"', "", "problem.toml: $.probes[0].kind: this probe needs [module]"),
        (
            'fails = ["short",',
            'fails = ["shrot",',
            "$.variants.subtracts.fails: there is no case or probe 'shrot'",
        ),
        (
            "[variants.subtracts]",
            "[variants.adds]",
            "$.variants.adds: declared, but variants/ has no such file",
        ),
        (
            "[entry]",
            'packages = ["scikit-learn"]\n\n[entry]',
            "$.packages[0]: 'scikit-learn' is not a name that `import` takes, such as 'einops'",
        ),
        (
            "[entry]",
            '[entry]\nstructure = "list"',
            "$.entry.structure: Invalid enum value 'list'",
        ),
        (
            "[entry]",
            '[entry]\nstructure = "dict"',
            "$.entry.outputs: a dict needs 1 to 32 outputs, each with its name and dtype",
        ),
        ("[module]", '[[entry.outputs]]\nname = "a"\n[module]', "$.entry.structure: several outputs need"),
        (
            'parameters = ["seed", "x"]',
            'parameters = ["seed", "x"]\noutput_dtype = "float31"',
            "$.entry.output_dtype: 'float31' is none of bool, int8,",
        ),
        (
            'parameters = ["seed", "x"]',
            'parameters = ["seed", "x"]\noutput_dtype = "bool"\nstructure = "dict"\noutputs = [{name = "a"}]',
            "$.entry.output_dtype: is for a single array; each of several outputs has its dtype",
        ),
        (
            'parameters = ["seed", "x"]',
            'parameters = ["seed", "x"]\nstructure = "dict"\noutputs = [{ name = "a" }, { name = "a" }]',
            "$.entry.outputs[1].name: the name 'a' is used twice",
        ),
        (
            'parameters = ["seed", "x"]',
            'parameters = ["seed", "x"]\nstructure = "tuple"\noutputs = [{ name = "a`" }]',
            "$.entry.outputs[0].name: 1 to 60 printable characters are needed",
        ),
        (
            'parameters = ["seed", "x"]',
            'parameters = ["seed", "x"]\nstructure = "tuple"\noutputs = [{ name = "a", dtype = "object" }]',
            "$.entry.outputs[0].dtype: 'object' is none of",
        ),
        (
            "wall_seconds = 30.0",
            "wall_seconds = 30.0\nwall = 3",
            "$.limits: Object contains unknown field `wall`",
        ),
    ],
)
def test_a_broken_manifest_is_refused_with_key_and_reason(old: str, new: str, said: str) -> None:
    """An author reads where to look and what is allowed."""
    with pytest.raises(ProblemError) as refused:
        read_problem(_with_manifest(old, new))
    assert said in refused.value.message


@pytest.mark.parametrize("name", ["problem.toml", "statement.md", "starter.py", "reference/reference.py"])
def test_a_missing_file_is_named(name: str) -> None:
    files = toy_files()
    del files[name]
    with pytest.raises(ProblemError, match=f"{name}: the file is missing"):
        read_problem(files)


def test_one_broken_package_does_not_keep_the_others_from_loading(tmp_path: Path) -> None:
    """A class goes on while one author mends a typo."""
    write_toy_folders(tmp_path)
    broken = tmp_path / "problems" / "2-broken"
    broken.mkdir()
    (broken / "problem.toml").write_text("nonsense")
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")
    assert list(loaded.problems) == ["toy-shift"]
    assert [error.message.split(":")[0] for error in loaded.refused] == ["2-broken/statement.md"] or [
        error.message.split("/")[0] for error in loaded.refused
    ] == ["2-broken"]


@pytest.mark.parametrize("name", [b"x\xe9.md", b"a\nb.md"])
def test_a_name_that_is_no_text_refuses_its_folder_alone(tmp_path: Path, name: bytes) -> None:
    """As an archive of an older Windows leaves it: no database takes it."""
    write_toy_folders(tmp_path)
    (tmp_path / "problems" / "2-strange").mkdir()
    (tmp_path / "problems" / "2-strange" / os.fsdecode(name)).write_text("x")
    (tmp_path / "problems" / os.fsdecode(b"3-\xe9")).mkdir()
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")
    assert list(loaded.problems) == ["toy-shift"]
    assert sorted(refused.message.partition("/")[0] for refused in loaded.refused) == [
        "2-strange",
        "3-\ufffd",
    ]
    assert "must be UTF-8, without control characters" in loaded.refused[0].message
    assert all(refused.message.encode() for refused in loaded.refused)


def test_a_folder_that_is_a_link_is_refused_as_a_file_is(tmp_path: Path) -> None:
    """Or what it leads to would be missing without a word."""
    write_toy_folders(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "problems" / "1-toy-shift" / "assets").symlink_to(tmp_path / "elsewhere")
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")
    assert [refused.message for refused in loaded.refused] == [
        "1-toy-shift/assets: only plain files belong in a problem, and no links"
    ]


def test_a_folder_that_may_not_be_read_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so that a test has to refuse it by itself."""
    write_toy_folders(tmp_path)
    shut = tmp_path / "problems" / "1-toy-shift" / "assets"
    shut.mkdir()
    scan = os.scandir

    def scandir(place: Path) -> object:
        if Path(place) == shut:
            raise PermissionError(13, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", scandir)
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")
    [refused] = loaded.refused
    assert refused.message == "1-toy-shift/assets: cannot be read (Permission denied)"


@pytest.mark.parametrize("name", ["problem.toml", "statement.md", "starter.py", "reference/reference.py"])
def test_texts_are_read_without_marks_and_in_utf_8_alone(name: str) -> None:
    files = toy_files()
    marked = read_problem({**files, name: b"\xef\xbb\xbf\xef\xbb\xbf" + files[name]})
    assert not any(text.startswith("\ufeff") for text in (marked.statement, marked.starter, marked.reference))
    with pytest.raises(ProblemError, match=f"^{name}: not UTF-8 text but UTF-16"):
        read_problem({**files, name: files[name].decode().encode("utf-16")})


def test_a_problem_that_this_host_cannot_grade_is_refused_with_its_reason(tmp_path: Path) -> None:
    """It is readable, and known by its id: so it can be taken off the list, unlike one that is broken."""
    write_toy_folders(tmp_path)

    def require_host(problem: Problem) -> None:
        raise HostLacks(f"{problem.slug} cannot be graded on this host: no einops")

    loaded = load_folders(tmp_path / "problems", tmp_path / "references", require_host=require_host)
    assert not loaded.problems
    assert loaded.unfit == {read_problem(toy_files()).manifest.id}
    [refused] = loaded.refused
    assert refused.message == "1-toy-shift/toy-shift cannot be graded on this host: no einops"


def test_a_quiz_without_a_right_answer_refuses_the_problem(tmp_path: Path) -> None:
    """When it is loaded, not when the first learner opens the page."""
    write_toy_folders(tmp_path)
    statement = tmp_path / "problems" / "1-toy-shift" / "statement.md"
    statement.write_text("# Toy\n\n:::quiz\nWhich?\n\n- [ ] this\n- [ ] that\n\n> neither\n:::\n")
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")
    assert not loaded.problems
    assert "1-toy-shift/statement.md" in loaded.refused[0].message


def test_links_are_refused(tmp_path: Path) -> None:
    """A package cannot make the service read another file of the host."""
    write_toy_folders(tmp_path)
    (tmp_path / "problems" / "1-toy-shift" / "assets").mkdir()
    (tmp_path / "problems" / "1-toy-shift" / "assets" / "secret.svg").symlink_to("/etc/hostname")
    loaded = load_folders(tmp_path / "problems", tmp_path / "references")
    assert "only plain files" in loaded.refused[0].message


@given(st.dictionaries(st.text(min_size=1), st.binary(), min_size=1), st.data())
def test_any_change_of_a_file_is_another_version(files: dict[str, bytes], data: st.DataObject) -> None:
    """A version is immutable because its name is its content."""
    name = data.draw(st.sampled_from(sorted(files)))
    changed = {**files, name: files[name] + b"x"}
    assert version_of(files) == version_of(dict(reversed(files.items())))
    assert version_of(changed) != version_of(files)


@pytest.mark.parametrize(
    ("changed", "is_another"),
    [
        ("sandbox/forbidden_names.py", True),
        ("sandbox/jailed.py", False),
        ("app/core/probes/toy.py", True),
        ("app/catalog/manifest.py", True),
        ("app/core/README.md", False),
        ("app/web/a.py", False),
    ],
)
def test_the_rules_change_with_the_code_that_reads_packages(
    tmp_path: Path, changed: str, is_another: bool
) -> None:
    """A package that older code found readable is read again; the folders below count too."""
    for name in (
        "sandbox/forbidden_names.py",
        "sandbox/jailed.py",
        "app/core/probes/toy.py",
        "app/catalog/a.py",
        "app/core/README.md",
        "app/web/a.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    before = reading_rules(tmp_path)
    (tmp_path / changed).write_text("other")
    assert (reading_rules(tmp_path) != before) is is_another


def test_run_grades_samples_and_submit_grades_all_with_fresh_ones() -> None:
    problem = read_problem(toy_files())
    assert [case.name for case in problem.cases(Mode.RUN, fresh_seed=1)] == ["short"]
    names = [case.name for case in problem.cases(Mode.SUBMIT, fresh_seed=1)]
    assert names == ["short", "other-seed", "short-fresh-1"]
    fresh = problem.cases(Mode.SUBMIT, fresh_seed=1)[-1]
    assert fresh.visibility is Visibility.HIDDEN
    assert fresh.arguments != problem.case_named("short").arguments


def test_every_shipped_problem_loads() -> None:
    """With at least four variants and two further right solutions each, and a case of every kind."""
    loaded = load_folders(CHECKOUT / "problems", CHECKOUT / "reference_solutions")
    assert not loaded.refused
    assert {"encoder-block", "vit-mean-pool", "vit-cls-token"} <= set(loaded.problems)
    for files in loaded.problems.values():
        problem = read_problem(files)
        assert len(problem.variants) >= 4
        assert len(problem.also_right) >= 2
        assert any(case.fresh for case in problem.manifest.cases)
        assert {case.visibility for case in problem.manifest.cases} == set(Visibility)


def test_a_byte_order_mark_in_front_of_a_file_does_no_harm() -> None:
    """Editors of Windows put one there; only the version is another."""
    plain = read_problem(toy_files())
    marked = read_problem({name: b"\xef\xbb\xbf" + data for name, data in toy_files().items()})
    assert msgspec.structs.replace(marked, version=plain.version) == plain
