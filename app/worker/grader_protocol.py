"""What the service and its grading process say to each other: frames of MessagePack over a socket."""

import asyncio
from typing import Literal, TypeVar

import msgspec

from app.core.events import Event
from app.core.problem import Problem
from app.core.submission import UnexplainedOutput
from app.core.verdict import Mode, Verdict
from app.grading.grader import GradingStage
from app.grading.prove.mutants.results import MutantResult
from app.grading.prove.results import ProofResult

_HEADER_BYTES = 4


class Grade(msgspec.Struct, frozen=True, kw_only=True, tag="grade"):
    """Grade `code`; `call` names the request in the replies to it."""

    call: int
    problem: Problem
    code: str
    mode: Mode
    fresh_seed: int | None
    learner: str | None
    submission_in_log: str | None = None
    """What the log lines that this causes are about."""


class RunAgain(msgspec.Struct, frozen=True, kw_only=True):
    """Run `code` again, on which `verdict` was reached; answered as a `Grade` is."""

    call: int
    problem: Problem
    code: str
    mode: Mode
    verdict: Verdict
    submission_in_log: str | None = None
    """What the log lines that this causes are about."""


class Explain(RunAgain, frozen=True, kw_only=True, tag="explain"):
    """Finish the look into `code` that was cut short when `verdict` was reached."""


class Confirm(RunAgain, frozen=True, kw_only=True, tag="confirm"):
    """Have a fresh jail confirm or refuse `verdict`, which a warm one reached."""


class Prepare(msgspec.Struct, frozen=True, kw_only=True, tag="prepare"):
    """Have answers and compiled programs of a problem ready."""

    call: int
    problem: Problem
    part: Literal["reference", "solutions", "mutants"]


class Prove(msgspec.Struct, frozen=True, kw_only=True, tag="prove"):
    """Run everything that a problem holds."""

    call: int
    problem: Problem
    submission_in_log: str | None = None
    """What the log lines that this causes are about."""


class Mutate(msgspec.Struct, frozen=True, kw_only=True, tag="mutate"):
    """Run all mutants of a problem's reference."""

    call: int
    problem: Problem
    submission_in_log: str | None = None
    """What the log lines that this causes are about."""


class TakeSeed(msgspec.Struct, frozen=True, kw_only=True, tag="take_seed"):
    """Hand out a seed whose expected answers are known."""

    call: int
    problem: Problem


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """Stop working on `call`; it is answered by `Failed` once it has ended."""

    call: int


class Close(msgspec.Struct, frozen=True, kw_only=True, tag="close"):
    """End all jails, and then the process."""


Request = Grade | Explain | Confirm | Prepare | Prove | Mutate | TakeSeed | Cancel | Close


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The sandbox is open."""

    pid: int
    environment: dict[str, str]


class Unavailable(msgspec.Struct, frozen=True, kw_only=True, tag="unavailable"):
    """The sandbox cannot be opened on this host."""

    message: str


class Happened(msgspec.Struct, frozen=True, kw_only=True, tag="happened"):
    """An event of a grading under way."""

    call: int
    event: Event


class Unexplained(msgspec.Struct, frozen=True, kw_only=True, tag="unexplained"):
    """What a wrong solution answered where no diagnosis was found."""

    call: int
    output: UnexplainedOutput


class ResultKnown(msgspec.Struct, frozen=True, kw_only=True, tag="result_known"):
    """One result of a proof or of mutants under way."""

    call: int
    result: ProofResult | MutantResult


class StageTook(msgspec.Struct, frozen=True, kw_only=True, tag="stage"):
    """How long a stage of a grading took."""

    stage: GradingStage
    seconds: float


class WarmJails(msgspec.Struct, frozen=True, kw_only=True, tag="warm_jails"):
    """The processes of the jails that wait, each time they are others."""

    pids: tuple[int, ...]


class Graded(msgspec.Struct, frozen=True, kw_only=True, tag="graded"):
    """The end of a `Grade`, an `Explain` or a `Confirm`."""

    call: int
    verdict: Verdict


class Prepared(msgspec.Struct, frozen=True, kw_only=True, tag="prepared"):
    """The end of a `Prepare`."""

    call: int


class Proved(msgspec.Struct, frozen=True, kw_only=True, tag="proved"):
    """The end of a `Prove` or a `Mutate`: all its results are known."""

    call: int


class SeedTaken(msgspec.Struct, frozen=True, kw_only=True, tag="seed"):
    """The end of a `TakeSeed`; None where no seed is ready."""

    call: int
    seed: int | None


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The end of a request that raised, or was cancelled."""

    call: int
    is_sandbox: bool
    message: str
    is_starved: bool = False
    """The machine was too busy for the run, which is no failure of ours either."""


Reply = (
    Ready
    | Unavailable
    | Happened
    | Unexplained
    | ResultKnown
    | StageTook
    | WarmJails
    | Graded
    | Prepared
    | Proved
    | SeedTaken
    | Failed
)

requests = msgspec.msgpack.Decoder(Request)
replies = msgspec.msgpack.Decoder(Reply)

_encoder = msgspec.msgpack.Encoder()
_Message = TypeVar("_Message")


def send(writer: asyncio.StreamWriter, message: Request | Reply) -> None:
    """Write one message; both ends are ours and read at once, so nobody waits for the buffer."""
    body = _encoder.encode(message)
    writer.write(len(body).to_bytes(_HEADER_BYTES, "big") + body)


async def receive(
    reader: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[_Message]"
) -> _Message | None:
    """Return the next message; None once the other end is gone."""
    try:
        header = await reader.readexactly(_HEADER_BYTES)
        return decoder.decode(await reader.readexactly(int.from_bytes(header, "big")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
