"""Why a problem is refused, and what its author can change."""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """One word each; `docs/authors.md` explains all of them."""

    HOST_LACKS = "host_lacks"
    REFERENCE_FAILS = "reference_fails"
    REFERENCE_REFUSED = "reference_refused"
    NOT_FINITE = "not_finite"
    NOT_DETERMINISTIC = "not_deterministic"
    CANNOT_BE_TRACED = "cannot_be_traced"
    DISAGREES_WITH_FLOAT64 = "disagrees_with_float64"
    MODULE_NEVER_BUILT = "module_never_built"
    DRAW_MATCHES_NOTHING = "draw_matches_nothing"
    STARTER_PASSES = "starter_passes"
    ALSO_RIGHT_REFUSED = "also_right_refused"
    VARIANT_DOES_NOT_RUN = "variant_does_not_run"
    VARIANT_PASSES = "variant_passes"
    VARIANT_ENDS_OTHERWISE = "variant_ends_otherwise"
    VARIANT_NOT_NAMED = "variant_not_named"
    VARIANTS_ALIKE = "variants_alike"
    VARIANT_WITHOUT_WORDS = "variant_without_words"
    VARIANT_TOO_NEAR = "variant_too_near"
    VARIANT_PASSES_A_DRAW = "variant_passes_a_draw"
    MUTANT_SURVIVES = "mutant_survives"
    EQUIVALENCE_FALLEN = "equivalence_fallen"
    NOISE_TOO_NEAR = "noise_too_near"
    TRIVIAL_ANSWER_PASSES = "trivial_answer_passes"
    NO_SECOND_INPUT = "no_second_input"
    TIME_LIMIT_TOO_SMALL = "time_limit_too_small"


_REMEDIES = {
    Reason.HOST_LACKS: "Prove it on a host that has what is named, or do without it.",
    Reason.REFERENCE_FAILS: "Make reference.py return what [entry] declares for every case.",
    Reason.REFERENCE_REFUSED: "Grade reference.py with `jaxercise check`; it must pass as a learner's would.",
    Reason.NOT_FINITE: (
        "Change the inputs, or write the reference so that it neither overflows nor divides by zero."
    ),
    Reason.NOT_DETERMINISTIC: "Draw every random number from the seed that the entry is given.",
    Reason.CANNOT_BE_TRACED: (
        "Write the reference so that `jax.jit` of the entry by its array arguments works: no `float()`, `if` "
        "or NumPy between them and the answer."
    ),
    Reason.DISAGREES_WITH_FLOAT64: (
        "The reference loses digits: change the inputs (smaller numbers, fewer steps) or its order of "
        "computation."
    ),
    Reason.MODULE_NEVER_BUILT: "Build the class that [module] names inside the entry, or drop the probe.",
    Reason.DRAW_MATCHES_NOTHING: "Correct the path below [probes.draws]; `*` stands for anything.",
    Reason.STARTER_PASSES: "Take the answer out of starter.py, and leave what learners are to write.",
    Reason.ALSO_RIGHT_REFUSED: (
        "If the solution is right, change the inputs; if it differs in creation order only, declare "
        'outcome = "creation_order"; if it is wrong, make it a variant.'
    ),
    Reason.VARIANT_DOES_NOT_RUN: "Make the file load and its calls return: a variant has to run.",
    Reason.VARIANT_PASSES: "Add a case, or a checkpoint probe, whose answer the mistake changes.",
    Reason.VARIANT_ENDS_OTHERWISE: "Correct the variant, or its `outcome` and `fails` in problem.toml.",
    Reason.VARIANT_NOT_NAMED: "See why the answers of the variant's own code do not repeat, or its outcome.",
    Reason.VARIANTS_ALIKE: "Add an input that tells the two apart, or keep one of them.",
    Reason.VARIANT_WITHOUT_WORDS: "Begin the file with a docstring: it is what a learner is told.",
    Reason.VARIANT_TOO_NEAR: (
        "Change the inputs so that the mistake shows more: larger numbers, a checkpoint probe. Do not narrow "
        "the tolerance unless the noise floor leaves room for it."
    ),
    Reason.VARIANT_PASSES_A_DRAW: (
        "Change the inputs so that the mistake shows whatever is drawn: wider ones, more numbers in the "
        "answer, a checkpoint probe with `draws` of its own."
    ),
    Reason.MUTANT_SURVIVES: (
        "Add a case or a probe that tells it, as the one named; or, where it is no mistake, declare it with "
        "the lines that `jaxercise mutate` prints."
    ),
    Reason.EQUIVALENCE_FALLEN: (
        "Look at it again with `jaxercise mutate`, and renew or remove the declaration."
    ),
    Reason.NOISE_TOO_NEAR: (
        "Change the inputs so that less is rounded away, or widen the tolerance if the variants leave room."
    ),
    Reason.TRIVIAL_ANSWER_PASSES: "Change the inputs of these cases: an answer must take work.",
    Reason.NO_SECOND_INPUT: "Give one of these cases `fresh = 1`, or add a case of the same shapes.",
    Reason.TIME_LIMIT_TOO_SMALL: (
        "Raise cpu_seconds or compile_seconds below [limits], or make the cases smaller; where nothing "
        "should take so long, look for a loop that does not end."
    ),
}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One refusal: what is the case, and what to change."""

    reason: Reason
    message: str

    @property
    def remedy(self) -> str:
        return _REMEDIES[self.reason]
