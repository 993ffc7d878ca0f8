"""The call with the task's random keys handed in: is it only the keys that make parameters differ?

The module is built once to see which key each parameter is made of, and once more with `ModuleUse.keys` in
their place. What does not draw its keys from a stream of `nnx.Rngs` keeps what it has.
"""

from sandbox.inside.call.learner_call import LearnerCall
from sandbox.inside.module.drawn_keys import KeyRecorder
from sandbox.inside.report.answers import Answer, convert


def make_call(call: LearnerCall) -> Answer:
    """Return what the entry function returns with the keys handed in; without keys, as it is.

    `call.drawn_keys` has those that were drawn without any handed in; None where some were out of sight.
    """
    with KeyRecorder() as recorder:
        value, found = call.run_looking(call.arguments())
    draws = recorder.draws(found)
    if not recorder.has_missed:
        call.drawn_keys = draws
    keys = call.use.keys if call.use else {}
    handed_in = {place: keys[draw.path] for place, draw in enumerate(draws) if draw.path in keys}
    if handed_in:
        call.parameters = None  # Those of the second look are what is asked for.
        with KeyRecorder(handed_in):
            value, _ = call.run_looking(call.arguments())
    return convert(value, call.outputs)
