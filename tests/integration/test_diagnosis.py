"""Diagnoses by the whole way: the real jail, real problems, mistakes that no variant covers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.core.outcome import Outcome
from app.core.problem import Problem
from app.core.submission import UnexplainedOutput
from app.core.verdict import DiagnosisKind, Explained, Mode, Verdict
from app.grading.diagnose.divergence import Agreement, agreements
from app.grading.diagnose.numbers import as_numbers
from app.grading.diagnose.significance import Array
from app.grading.diagnose.stages import checks_to_prepare
from app.grading.grader import Grader
from app.grading.reference.outputs import ReferenceOutput
from tests.support.opened_grader import opened_grader
from tests.support.real_problems import sampled_problem
from tests.support.toy_problem import REFERENCE, toy_problem

pytestmark = pytest.mark.jail


class Clinic:
    """Grades with a real grader, which stays for all tests."""

    def __init__(self, grader: Grader, runner: asyncio.Runner) -> None:
        self.grader = grader
        self.runner = runner

    def verdict(self, problem: Problem, code: str, mode: Mode = Mode.SUBMIT) -> Verdict:
        return self.runner.run(self.grader.grade(problem, code, mode, fresh_seed=4))


@pytest.fixture(scope="module")
def clinic(graded_problems_dir: Path) -> Iterator[Clinic]:
    options = {"diagnosis_seconds": 300, "prepares_diagnosis": False}
    with opened_grader(graded_problems_dir, **options) as (grader, runner):
        yield Clinic(grader, runner)


_SUM = "x = x + self.pos_embed[...]"
_LOOP = "            x = block(x)\n"
_ADDED = (
    "        x = x + self.mha(self.ln1(x))\n        return x + self.fc2(nnx.gelu(self.fc1(self.ln2(x))))\n"
)
_IN_A_TUPLE = _ADDED.replace("nnx.gelu(", "jax.nn.gelu(approximate=False, x=").rstrip() + ", {}\n"
_READ = "x = self.ln_f(x)\n        return self.head(x[0])"
_SOFTMAX = "jax.nn.softmax(scores, axis=-1)"
_MASKED = "jax.nn.softmax(jnp.where(jnp.tri(len(x), dtype=bool), scores, -jnp.inf), axis=-1)"
_MISTAKES = {
    "positions multiplied": (
        ((_SUM, _SUM.replace("+", "*")),),
        "with_positions",
        ("`patches` is right",),
    ),
    "no first norm": (
        (("self.mha(self.ln1(x))", "self.mha(x)"),),
        "between with_positions and block 1: into attention",
        ("`with_positions` is right", "Yours is `with_positions` itself there"),
    ),
    "a causal mask": (
        ((_SOFTMAX, _MASKED),),
        "block 1: joined heads",
        ("`block 1: values` is right", "as under a causal mask"),
    ),
    "blocks that return a tuple, with another GELU": (
        ((_ADDED, _IN_A_TUPLE), ("x = block(x)", "x, _ = block(x)")),
        "block 1: gelu",
        ("`block 1: fc1` is right", "Yours is the exact GELU (`approximate=False`) of `block 1: fc1` there"),
    ),
    "blocks twice": (
        ((_LOOP, "            x = block(block(x))\n"),),
        "into ln_f",
        ("`block 1` is right",),
    ),
    "blocks in reverse": ((("in self.blocks:", "in reversed(self.blocks):"),), "stage_order", ("before",)),
    "the mean before the norm": (
        ((_READ, "x = self.ln_f(x.mean(axis=0))\n        return self.head(x)"),),
        "into ln_f",
        ("`block 1` is right", "Yours is the mean of the rows of `block 1` there"),
    ),
    "another row": (
        (("self.head(x[0])", "self.head(x[1])"),),
        "into head",
        ("`ln_f` is right", "Yours is row 1 of `ln_f` there"),
    ),
    "logits squared": (
        (("return self.head(x[0])", "return self.head(x[0]) ** 2"),),
        "after head",
        ("`head` is right",),
    ),
}


@pytest.mark.parametrize("mistake", _MISTAKES)
def test_the_first_stage_that_differs_is_named(clinic: Clinic, mistake: str) -> None:
    """In a model whose attributes' names the statement fixes."""
    problem = sampled_problem("46-vit-cls-token")
    changes, stage, words = _MISTAKES[mistake]
    code = problem.reference
    for old, new in changes:
        assert old in code, "the reference is written otherwise now"
        code = code.replace(old, new)
    verdict = clinic.verdict(problem, code)
    assert verdict.outcome is Outcome.WRONG_VALUE
    assert verdict.diagnosis is not None
    assert (verdict.diagnosis.kind, verdict.diagnosis.id) == (DiagnosisKind.DIVERGENCE, stage)
    assert [one for one in words if one not in verdict.diagnosis.message] == [], verdict.diagnosis.message


@pytest.mark.parametrize("name", ["41-encoder-block", "45-vit-mean-pool", "46-vit-cls-token"])
def test_right_solutions_diverge_nowhere(clinic: Clinic, name: str) -> None:
    """However they compute: under `nnx.jit` and `vmap`, with a batch axis, by `einsum`, on fewer rows."""
    problem = sampled_problem(name)
    checks = checks_to_prepare(problem)
    staged = [check for check in checks if check.call.stages][1:]
    names, codes = zip(*sorted(problem.also_right.items()), strict=True)
    solutions = [problem.reference, *codes]
    wanted, *others = clinic.runner.run(clinic.grader.answers.of_solutions(problem, solutions, staged))
    assert problem.manifest.module is not None
    assert all(len(answer.stages) >= 4 for answer in wanted), "it passes what is declared"
    for also, answers in zip(names, others, strict=True):
        seen = 0
        for given, right in zip(answers, wanted, strict=True):
            found = agreements(
                problem.manifest.module.stages, _recorded(given), _recorded(right), problem.manifest.tolerance
            )
            assert Agreement.DIFFERENT not in found.values(), found
            seen += list(found.values()).count(Agreement.SAME)
        # Where the entry or its blocks are traced, no number is there to be seen.
        assert seen > 0 or also in ("built_under_jit", "jitted_entry"), f"nothing of {also} was in sight"


def _recorded(answer: ReferenceOutput) -> dict[str, Array]:
    numbers = as_numbers(answer.stages)
    assert numbers is not None
    return numbers


_ANSWER = "return Shift(rngs=nnx.Rngs(int(seed)))(x)"
_SHAPES = {
    "sign_flipped": f"{_ANSWER.replace('return ', 'return -')}",
    "constant_ratio": f"{_ANSWER} * 0.25",
    "permuted": f"{_ANSWER}[jnp.asarray([1, 3, 0, 2])]",
    "seed_ignored": _ANSWER.replace("int(seed)", "7"),
    "constant_output": "Shift(rngs=nnx.Rngs(int(seed)))\n    return jnp.ones(4)",
    "only_bfloat16": f"{_ANSWER}.astype(jnp.bfloat16).astype(jnp.float32)",
}


@pytest.mark.parametrize("shape", _SHAPES)
def test_what_wrong_numbers_look_like_is_named(clinic: Clinic, shape: str) -> None:
    verdict = clinic.verdict(toy_problem(), REFERENCE.replace(_ANSWER, _SHAPES[shape]))
    assert verdict.outcome is Outcome.WRONG_VALUE
    assert verdict.diagnosis is not None
    assert (verdict.diagnosis.kind, verdict.diagnosis.id) == (DiagnosisKind.ERROR_SHAPE, shape)


def test_creation_order_is_named_only_where_it_is_one(clinic: Clinic) -> None:
    """What fails for other inputs than the probes' has another reason, though all probes pass."""
    problem = toy_problem()
    other_order = problem.also_right["scale_first"]
    assert clinic.verdict(problem, other_order).outcome is Outcome.CREATION_ORDER
    sloppy = REFERENCE.replace(_ANSWER, f"{_ANSWER} + (seed == 1.0) * 0.5")
    verdict = clinic.verdict(problem, sloppy)
    assert verdict.outcome is Outcome.WRONG_VALUE
    assert verdict.diagnosis is None or verdict.diagnosis.kind is not DiagnosisKind.CREATION_ORDER


def test_a_variant_that_fits_all_but_a_fresh_case_is_not_named(clinic: Clinic) -> None:
    """The fresh case's answer is asked of the variant too."""
    problem = toy_problem()
    subtracts = problem.variants["subtracts"]
    verdict = clinic.verdict(problem, subtracts)
    assert verdict.diagnosis is not None
    assert (verdict.diagnosis.kind, verdict.diagnosis.id) == (DiagnosisKind.VARIANT, "subtracts")
    lasting = {case.name for case in problem.manifest.cases}
    [fresh] = [row.name for row in verdict.cases if "fresh" in row.name and row.name not in lasting][:1]
    assert fresh
    # The lasting cases' seeds are 1 and 5, and the checkpoint's case has the latter.
    other = subtracts.replace(_ANSWER, f"{_ANSWER} + (0.0 if seed in (1.0, 5.0) else 1.0)")
    found = clinic.verdict(problem, other).diagnosis
    assert found is None or found.kind is not DiagnosisKind.VARIANT


def test_two_variants_that_fit_are_both_told(clinic: Clinic) -> None:
    problem = toy_problem()
    twin = problem.variants["subtracts"].replace("You subtract the shift.", "You add the negative shift.")
    both = msgspec.structs.replace(problem, variants={**problem.variants, "adds_negative": twin})
    found = clinic.verdict(both, problem.variants["subtracts"]).diagnosis
    assert found is not None
    assert (found.id, found.others) == ("adds_negative", ("subtracts",))
    assert "subtract" in found.message
    assert "negative" in found.message


def test_nothing_is_looked_for_where_the_setting_says_so(clinic: Clinic) -> None:
    """And where time runs out, the verdict goes out without."""
    for seconds in (0.0, 1e-6):
        problem = toy_problem()
        new = {name: f"{code}# {seconds}\n" for name, code in problem.variants.items()}  # Not computed yet.
        grader = Grader(
            clinic.grader._sandbox,
            clinic.grader.answers,
            diagnosis_seconds=seconds,
            prepares_diagnosis=False,
        )
        wrong = grader.grade(
            msgspec.structs.replace(problem, variants=new),
            problem.variants["subtracts"],
            Mode.SUBMIT,
            fresh_seed=4,
        )
        verdict = clinic.runner.run(wrong)
        assert verdict.outcome is Outcome.WRONG_VALUE
        assert verdict.diagnosis is None
        assert verdict.explained is (Explained.CUT_SHORT if seconds else None)


def hurried(clinic: Clinic) -> Grader:
    """One that may not take any time at all for a look."""
    return Grader(
        clinic.grader._sandbox, clinic.grader.answers, diagnosis_seconds=1e-6, prepares_diagnosis=False
    )


def test_what_is_known_is_said_however_little_time_there_is(clinic: Clinic) -> None:
    """The match on lasting cases, whose answers are there, though those of fresh ones would come too late."""
    problem = toy_problem()
    assert clinic.verdict(problem, problem.variants["subtracts"]).diagnosis is not None  # They are there now.
    code = problem.variants["subtracts"] + "# in a hurry\n"
    verdict = clinic.runner.run(hurried(clinic).grade(problem, code, Mode.SUBMIT, fresh_seed=77))
    assert verdict.diagnosis is not None
    assert (verdict.diagnosis.id, verdict.explained) == ("subtracts", Explained.COMPLETE)


def test_an_outcome_does_not_depend_on_the_time_for_a_look(clinic: Clinic) -> None:
    problem = toy_problem()
    code = problem.also_right["scale_first"]
    verdict = clinic.runner.run(hurried(clinic).grade(problem, code, Mode.SUBMIT, fresh_seed=4))
    assert (verdict.outcome, verdict.explained) == (Outcome.CREATION_ORDER, Explained.COMPLETE)


def test_a_look_that_was_cut_short_is_finished_later_and_says_the_same(clinic: Clinic) -> None:
    """As a grader that had the time says at once; nothing else of the verdict changes."""
    problem = toy_problem()
    clinic.verdict(problem, problem.variants["subtracts"])  # Their answers are there now.
    for shape in ("constant_output", "only_bfloat16"):
        code = REFERENCE.replace(_ANSWER, _SHAPES[shape])
        hasty = hurried(clinic)
        first = clinic.runner.run(hasty.grade(problem, code, Mode.SUBMIT, fresh_seed=4))
        assert (first.diagnosis, first.explained) == (None, Explained.CUT_SHORT)
        later = clinic.runner.run(hasty.explain(problem, code, Mode.SUBMIT, first))
        assert later.explained is Explained.COMPLETE
        assert later.diagnosis is not None
        assert later.diagnosis == clinic.verdict(problem, code).diagnosis
        assert msgspec.structs.replace(later, diagnosis=None, explained=first.explained) == first


def test_code_that_answers_otherwise_the_next_time_is_not_explained(clinic: Clinic) -> None:
    problem = toy_problem()
    code = REFERENCE.replace(_ANSWER, _SHAPES["only_bfloat16"])
    first = clinic.runner.run(hurried(clinic).grade(problem, code, Mode.SUBMIT, fresh_seed=4))
    later = clinic.runner.run(clinic.grader.explain(problem, REFERENCE, Mode.SUBMIT, first))
    assert later == msgspec.structs.replace(first, explained=Explained.GIVEN_UP)


def test_variants_that_took_too_long_are_there_the_next_time(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their computation goes on when a verdict went out without it."""
    problem = toy_problem()
    new = {name: f"{code}# computed later\n" for name, code in problem.variants.items()}
    problem = msgspec.structs.replace(problem, variants=new)
    hasty = Grader(
        clinic.grader._sandbox, clinic.grader.answers, diagnosis_seconds=1e-6, prepares_diagnosis=False
    )

    async def twice() -> list[Verdict]:
        code = problem.variants["subtracts"]
        first = await hasty.grade(problem, code, Mode.RUN, fresh_seed=None)
        for _ in range(600):
            if not clinic.grader.answers._tasks:
                break
            await asyncio.sleep(0.1)
        monkeypatch.setattr(clinic.grader.answers, "run_programs", None)  # There is nothing left to compute.
        return [first, await clinic.grader.grade(problem, code, Mode.RUN, fresh_seed=None)]

    first, second = clinic.runner.run(twice())
    assert first.diagnosis is None
    assert second.diagnosis is not None
    assert second.diagnosis.id == "subtracts"


def test_what_nothing_explains_is_handed_out_with_its_public_numbers(clinic: Clinic) -> None:
    """The same in both modes, so that they are counted together."""
    code = REFERENCE.replace(_ANSWER, f"{_ANSWER} * (1 + x**2)")
    handed_out: list[UnexplainedOutput] = []
    for mode in Mode:
        grading = clinic.grader.grade(
            toy_problem(), code, mode, fresh_seed=4, on_unexplained=handed_out.append
        )
        assert clinic.runner.run(grading).diagnosis is None
    assert len(handed_out) == 2
    assert handed_out[0] == handed_out[1]
    assert len(handed_out[0].output) == 4 * 4
