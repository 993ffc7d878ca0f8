"""Whatever seed is drawn, a near miss ends the same: the statement allows it, or a case for it shows it."""

import asyncio
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.verdict import DiagnosisKind, Mode, Verdict
from app.grading.grader import Grader
from app.grading.plan.checks import Check
from tests.near_misses.grade import LASTING, checks_on, endings, outcome_on, whole_problem
from tests.near_misses.table import ALL, NEAR_MISSES, NearMiss, near_misses
from tests.support.opened_grader import opened_grader

pytestmark = pytest.mark.jail

_CLS = "vit-cls-token"


def _seeds(problem: Problem) -> list[int]:
    """Draw two seeds by the problem's hash: the same ones as long as nothing of it changes."""
    return random.Random(problem.version).sample(range(1, 2**32), 2)


class Grading:
    """Grades with a real grader, which stays for all tests."""

    def __init__(self, grader: Grader, runner: asyncio.Runner) -> None:
        self.grader = grader
        self.runner = runner

    def verdict(self, problem: Problem, code: str, seed: int, mode: Mode = Mode.SUBMIT) -> Verdict:
        return self.runner.run(self.grader.grade(problem, code, mode, fresh_seed=seed))


@pytest.fixture(scope="module")
def grading(graded_problems_dir: Path) -> Iterator[Grading]:
    with opened_grader(graded_problems_dir, diagnosis_seconds=300) as (grader, runner):
        yield Grading(grader, runner)


def _with_variants(*names: str) -> Problem:
    """Keep these variants alone: computing what all of them answer takes most of the time."""
    problem = whole_problem(_CLS)
    kept = {name: code for name, code in problem.variants.items() if name in names}
    return msgspec.structs.replace(problem, variants=kept)


def _changed(problem: Problem, *edits: tuple[str, str]) -> str:
    code = problem.reference
    for old, new in edits:
        assert old in code, "the reference is written otherwise now"
        code = code.replace(old, new)
    return code


@pytest.mark.parametrize("slug", ALL)
def test_a_near_miss_ends_the_same_on_every_seed(grading: Grading, slug: str) -> None:
    """What decides: of those that are refused the checks that no draw changes, of the others every case."""
    problem = whole_problem(slug)
    seeds = _seeds(problem)
    checks = checks_on(problem, seeds)
    groups: dict[tuple[bool, tuple[str, ...]], list[NearMiss]] = {}
    for miss in near_misses(slug):
        groups.setdefault((miss.accepted, miss.shows_in), []).append(miss)
    wrong: list[str] = []
    for (accepted, shows_in), misses in groups.items():
        asked = [one for one in checks if accepted or _refuses(*one, shows_in)]
        codes = {miss.name: miss.made(problem) for miss in misses}
        found = grading.runner.run(endings(problem, grading.grader.answers, codes, asked))
        for miss in misses:
            for seed in seeds if accepted else [LASTING]:
                outcome = outcome_on(seed, found[miss.name])
                if outcome is not (Outcome.ACCEPTED if accepted else Outcome.WRONG_VALUE):
                    wrong.append(f"{miss.name}: {outcome} ({', '.join(map(str, found[miss.name]))})")
    assert wrong == []


@pytest.mark.parametrize("slug", ALL)
def test_a_model_that_is_kept_by_its_seed_alone_is_refused(grading: Grading, slug: str) -> None:
    """Two cases of other sizes share a seed."""
    problem = msgspec.structs.replace(whole_problem(slug), variants={})
    build = re.search(r"    (?:model|block) = (?=\w+\()", problem.reference)
    assert build is not None, "the reference is written otherwise now"
    built = build.end()
    kept = f"_KEPT[seed] = _KEPT.get(seed) or {problem.reference[built:]}"
    code = f"_KEPT = {{}}\n{problem.reference[:built]}{kept}"
    verdict = grading.verdict(problem, code, 7)
    assert not verdict.accepted
    assert verdict.outcome is not Outcome.INTERNAL_ERROR


def _refuses(seed: int, check: Check, shows_in: Sequence[str]) -> bool:
    """Say whether near misses are refused by this check, which no draw changes."""
    return seed == LASTING and (check.name in shows_in if shows_in else check.is_value)


def test_the_table_has_each_near_miss_once() -> None:
    """One that stands there twice proves nothing the second time."""
    for slug in ALL:
        names = [miss.name for miss in near_misses(slug)]
        assert len(names) == len(set(names))
    assert len(NEAR_MISSES) >= 40


_NORM = "nnx.LayerNorm(d_model, rngs=rngs)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("nnx.gelu(self.fc1(self.ln2(x)))", "jax.nn.gelu(self.fc1(self.ln2(x)), approximate=False)"),
        (_NORM, "nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)"),
    ],
    ids=["exact GELU", "epsilon"],
)
def test_another_architecture_is_never_said_to_be_right(grading: Grading, old: str, new: str) -> None:
    """One verdict on every seed, and no word of a creation order."""
    problem = _with_variants()
    for seed in _seeds(problem):
        verdict = grading.verdict(problem, _changed(problem, (old, new)), seed)
        assert verdict.outcome is Outcome.WRONG_VALUE
        assert verdict.diagnosis is None or verdict.diagnosis.kind is not DiagnosisKind.CREATION_ORDER
        assert verdict.diagnosis is None or "architecture" not in verdict.diagnosis.message


def test_a_gradient_that_is_cut_off_is_refused_and_named(grading: Grading) -> None:
    """By its variant where there is one, else by the parameters that it keeps from training."""
    problem = _with_variants("stops_gradient_at_cls")
    stopped = "jax.lax.stop_gradient(self.cls_token[...])"
    verdict = grading.verdict(problem, _changed(problem, ("self.cls_token[...]", stopped)), 1)
    assert verdict.outcome is Outcome.WRONG_VALUE
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.id == "stops_gradient_at_cls"
    stopped = "self.head(jax.lax.stop_gradient(x[0]))"
    verdict = grading.verdict(problem, _changed(problem, ("self.head(x[0])", stopped)), 1)
    assert verdict.outcome is Outcome.WRONG_VALUE
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.id == "no_gradient"
    assert "no gradient reaches `blocks.0." in verdict.diagnosis.message


_MHA = "self.mha = MHA(d_model, num_heads, rngs=rngs)\n"
_CLS_TOKEN = "self.cls_token = nnx.Param(jnp.zeros((1, d_model)))"
_HEAD = "self.head = nnx.Linear(d_model, num_classes, rngs=rngs)"
_NEW_RNGS = "rngs=nnx.Rngs(int(seed))"
_OTHER_CAUSES = {
    "a dropout that drops nothing": (
        ((_MHA, f"{_MHA}        self.drop = nnx.Dropout(0.0, rngs=rngs)\n"),),
        "additional_key",
        ("by `nnx.Dropout`", "in front of that of `blocks.0.ln2.scale`"),
    ),
    "a key for zeros": (
        (
            (
                _CLS_TOKEN,
                "self.cls_token = nnx.Param(nnx.initializers.zeros_init()(rngs.params(), (1, d_model)))",
            ),
        ),
        "additional_key",
        ("for `cls_token`, which the task makes without one",),
    ),
    "another initialiser": (
        (
            (
                "nnx.Linear(d_model, d_model, rngs=rngs)",
                "nnx.Linear(d_model, d_model, kernel_init=nnx.initializers.xavier_uniform(), rngs=rngs)",
            ),
        ),
        "other_initialiser",
        ("`blocks.0.mha.k_proj.kernel`", "another initialiser", "spread", "mean"),
    ),
    "a stream of the first one's key": (
        ((_NEW_RNGS, "rngs=nnx.Rngs(params=nnx.Rngs(int(seed)).params())"),),
        "other_stream",
        ("a key that the first stream gave",),
    ),
    "a new stream for the head": (
        ((_HEAD, f"{_HEAD.replace('rngs=rngs', 'rngs=nnx.Rngs(rngs.params.key.get_value())')}"),),
        "key_reuse",
        ("`patch_embed.kernel` and `head.kernel` are made of the same random key",),
    ),
    "another seed": (
        ((_NEW_RNGS, "rngs=nnx.Rngs(int(seed) + 1)"),),
        "other_stream",
        ("made of another key or seed",),
    ),
    "no seed": (((_NEW_RNGS, "rngs=nnx.Rngs(0)"),), "seed_ignored", ("does not depend on `seed`",)),
}


@pytest.mark.parametrize("cause", _OTHER_CAUSES)
def test_another_cause_than_the_order_is_named(grading: Grading, cause: str) -> None:
    """The order of creation is said only where nothing else explains it."""
    problem = _with_variants()
    edits, name, words = _OTHER_CAUSES[cause]
    # That no seed changes anything is seen on several of them.
    mode = Mode.SUBMIT if name == "seed_ignored" else Mode.RUN
    verdict = grading.verdict(problem, _changed(problem, *edits), 1, mode)
    assert verdict.outcome is Outcome.WRONG_VALUE
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.id == name, verdict.diagnosis.message
    for word in words:
        assert word in verdict.diagnosis.message


def test_the_order_of_creation_is_one_where_nothing_else_differs(grading: Grading) -> None:
    """It is its own outcome, and the first layer out of place is named."""
    problem = _with_variants()
    verdict = grading.verdict(problem, problem.also_right["head_first"], 1, Mode.RUN)
    assert verdict.outcome is Outcome.CREATION_ORDER
    assert verdict.diagnosis is not None
    assert "You create `head.kernel` where the task creates `patch_embed.kernel`" in verdict.diagnosis.message
