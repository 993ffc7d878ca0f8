"""The points of what holds submitted code."""

from app.cli.production.point import Finding, Point, capitalised, fail, ok, warn
from app.cli.production.situation import Situation
from app.cli.serving.connections import RESERVED_FILES

_MEMORY, _FREEZING, _WAITING_TIMES = (
    "memory control groups",
    "freezing of waiting jails",
    "processor waiting times",
)
_OF_OTHER_POINTS = (_MEMORY, _FREEZING, _WAITING_TIMES)
_FEWEST_FILES = 1024
_NOTHING_IS_GRADED = "Nothing is graded here (JAXERCISE_WORKER=false); ask on the workers' hosts."


def _grades(here: Situation) -> bool:
    return here.settings.worker


def _jail(here: Situation) -> Finding:
    if not _grades(here):
        return ok(_NOTHING_IS_GRADED)
    if here.settings.sandbox != "jailed":
        return fail("JAXERCISE_SANDBOX is unjailed: whoever submits code can do whatever the service can.")
    if missing := [layer for layer in here.layers if layer.is_required and not layer.is_active]:
        return fail(f"No jail can be built: {missing[0].name}, {missing[0].detail}.")
    if not here.isolation:
        return fail("No jail starts.")
    if broken := [check for check in here.isolation if not check.holds]:
        return fail(f"The jail was broken out of: {broken[0].name}, {broken[0].reason}.")
    optional = [layer for layer in here.layers if not layer.is_active and layer.name not in _OF_OTHER_POINTS]
    if optional:
        return warn(f"The jail holds, without {optional[0].name}: {optional[0].detail}.")
    return ok(f"All {len(here.isolation)} attempts to break out of a jail failed, and every layer is there.")


def _control_groups(here: Situation) -> Finding:
    if not _grades(here):
        return ok(_NOTHING_IS_GRADED)
    found = [here.layers_by_name[name] for name in (_MEMORY, _WAITING_TIMES) if name in here.layers_by_name]
    if lacking := [layer for layer in found if not layer.is_active]:
        return warn(f"{capitalised(lacking[0].name)}: {lacking[0].detail}.")
    return ok(f"{'; '.join(f'{capitalised(layer.name)}: {layer.detail}' for layer in found)}.")


def _freezing(here: Situation) -> Finding:
    if not _grades(here):
        return ok(_NOTHING_IS_GRADED)
    if not here.settings.warm_jails:
        return ok("No jail waits (JAXERCISE_WARM_JAILS=0).")
    layer = here.layers_by_name[_FREEZING]
    found = f"Jails that wait are frozen {layer.detail}."
    return ok(found) if layer.is_active else warn(found)


def _user(here: Situation) -> Finding:
    if here.user_id != 0:
        return ok(f"This is the ordinary user {here.user_id}.")
    memory = here.layers_by_name.get(_MEMORY)
    if memory is not None and memory.is_active and memory.detail.startswith("version 1"):
        return warn("This is root, without whom there are no control groups of version 1.")
    return fail("This is root, for which nothing here has a use.")


def _open_files(here: Situation) -> Finding:
    wanted = here.settings.connection_limit + RESERVED_FILES
    found = f"A process that is started from here may have {here.open_files:,} files and connections open"
    if here.open_files < _FEWEST_FILES:
        return fail(f"{found}, so few that a handful of clients can take them all.")
    if here.open_files < wanted:
        return warn(f"{found}, and JAXERCISE_CONNECTION_LIMIT needs {wanted:,}.")
    return ok(f"{found}; {wanted:,} are needed.")


def _patches(here: Situation) -> Finding:
    if not _grades(here):
        return ok(_NOTHING_IS_GRADED)
    if here.patches is None:
        return fail("They could not be tried, since no jail starts.")
    if here.patches.left_out:
        name, reason = next(iter(here.patches.left_out.items()))
        return warn(
            f"{len(here.patches.left_out)} left out, {name} for one ({reason}): verdicts take longer."
        )
    if not here.patches.active:
        return ok("None is used (JAXERCISE_JAX_PATCHES=none): verdicts are the same, and take longer.")
    return ok(f"The canary found no difference with {', '.join(here.patches.active)}.")


POINTS = (
    Point(
        id="jail",
        title="Code runs in a jail",
        right="`JAXERCISE_SANDBOX` is `jailed`, every layer of the jail is there, and no attempt to break "
        "out of it succeeds.",
        mend="Do what the layers above say (docs/operators/hosts.md); never open a service that is unjailed.",
        judge=_jail,
    ),
    Point(
        id="control-groups",
        title="The kernel bounds each run",
        right="Memory, processes and processor time of a run are bounded by control groups, and what a run "
        "waits for a processor is not counted as its own.",
        mend="Run in a unit with Delegate=yes (docs/operators/control-groups.md).",
        judge=_control_groups,
    ),
    Point(
        id="freezing",
        title="Jails that wait are frozen",
        right="A jail that waits for its learner is frozen by a control group.",
        mend="Run in a unit with Delegate=yes, on Linux 5.2 or later; signals do as well, with less "
        "certainty, and JAXERCISE_WARM_JAILS=0 keeps no jail waiting.",
        judge=_freezing,
    ),
    Point(
        id="user",
        title="The service is no root",
        right="The service runs as an ordinary user that nothing else runs as.",
        mend="Run it as a user of its own, as docs/operators/jaxercise.service does, and ask as that user.",
        judge=_user,
    ),
    Point(
        id="open-files",
        title="Enough open files",
        right="A process may have 256 more files open than `JAXERCISE_CONNECTION_LIMIT`; the service raises "
        "its soft limit to the hard one itself.",
        mend="Raise the hard limit: LimitNOFILE=8192 in the unit, `ulimit -Hn` in a shell.",
        judge=_open_files,
    ),
    Point(
        id="patches",
        title="Patches of JAX change nothing",
        right="The canary has tried the patches of JAX on this host, and left out none.",
        mend="Install the versions of JAX and Flax that the lock file names; what was left out costs time, "
        "never a right verdict.",
        judge=_patches,
    ),
)
