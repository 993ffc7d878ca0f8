"""A compartment of the compilation cache can be taken away, though nobody can list it."""

from pathlib import Path

from sandbox.forkserver.process import ForkServerPlan
from sandbox.isolation.bubblewrap import find_host_paths


def test_a_compartment_is_taken_away_with_all_it_holds(tmp_path: Path) -> None:
    """As a child leaves it; one that was never made, and none at all, are no fault."""
    plan = ForkServerPlan(find_host_paths(), cache=tmp_path, jailed=False, writable_cache=True)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "program").write_bytes(b"compiled")
    (tmp_path / "one").chmod(0o300)
    for key in ("one", "never-made", ""):
        plan.forget_programs(key)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
