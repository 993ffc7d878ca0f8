"""What can go wrong on our side. A learner's mistake is an `Outcome`, never one of these.

GraderError
├── SettingsError            a JAXERCISE_* variable has a value that is not allowed
├── ProblemError             a problem package breaks a rule of the format
│   ├── HostLacks            it needs a package, memory or processors that this host lacks
│   ├── SlugTaken            its slug is another problem's
│   └── ProblemNotFound
├── ReferenceFailed          a reference solution did not give a usable answer
├── GraderGone               the grading process was killed under a run; it is begun again
├── DatabaseInUse            another service grades from the same database
├── DatabaseUnavailable      it cannot be reached, or cannot do its work; it may be able to again
├── DatabaseRefused          a backup, restore or move would lose or mix something
│   └── SchemaTooNew
├── SubmissionRefused        malformed: empty, unknown mode
│   └── SubmissionTooLarge
├── SubmissionNotFound
│   └── VerdictNotFound
├── QueueFull                too many submissions wait
├── TooManyStreams           too many event streams are open
└── AccountError
    ├── NotSignedIn
    ├── NotAllowed
    ├── EmailTaken
    ├── MalformedEmail
    ├── WeakPassword
    ├── WrongPassword
    ├── InvitationNeeded
    ├── InvitationOver       it has expired, was used up or revoked, or there is none
    ├── WrongCode            the code that signing up takes
    └── TooManyAttempts
"""


class GraderError(Exception):
    """Something went wrong in the grader."""

    retry_after_seconds: float | None = None
    """When the same may be tried again with success; None where nobody knows."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)

    @property
    def message(self) -> str:
        return str(self.args[0])


class SettingsError(GraderError):
    """A setting has a value that is not allowed."""


class ProblemError(GraderError):
    """A problem package breaks a rule of the format."""


class SlugTaken(ProblemError):
    """A problem's slug is that of another one, which was published before."""

    def __init__(self, message: str | None = None, *, slug: str = "") -> None:
        super().__init__(message)
        self.slug = slug


class HostLacks(ProblemError):
    """This host cannot grade the problem."""


class ProblemNotFound(ProblemError):
    """There is no such problem."""


class ReferenceFailed(GraderError):
    """The reference solution gave no usable answer."""


class GraderGone(GraderError):
    """The grading process was killed under this run; it is begun again."""


class DatabaseInUse(GraderError):
    """Another service works on this database with an embedded queue."""


class DatabaseUnavailable(GraderError):
    """The database cannot be reached just now. Try again in a moment."""


class DatabaseRefused(GraderError):
    """The database is not what this needs."""


class SchemaTooNew(DatabaseRefused):
    """The database's schema is newer than this version of Jaxercise can work with."""


class SubmissionRefused(GraderError):
    """This submission cannot be taken."""


class SubmissionTooLarge(SubmissionRefused):
    """The code is larger than a submission may be."""


class SubmissionNotFound(GraderError):
    """There is no such submission."""


class VerdictNotFound(SubmissionNotFound):
    """The submission has no verdict of this number."""


class QueueFull(GraderError):
    """Too many submissions are waiting. Try again in a minute."""


class TooManyStreams(GraderError):
    """Too many event streams are open. Ask for the submission now and then instead."""


class AccountError(GraderError):
    """The account cannot do this."""


class NotSignedIn(AccountError):
    """Sign in first."""


class NotAllowed(AccountError):
    """This account may not do this."""


class EmailTaken(AccountError):
    """An account with this email address exists already."""


class MalformedEmail(AccountError):
    """This is not an email address."""


class WeakPassword(AccountError):
    """The password is too short: at least 10 characters are needed."""


class WrongPassword(AccountError):
    """Email address or password is wrong."""


class InvitationNeeded(AccountError):
    """Signing up here takes an invitation: open the link that you were sent, or ask whoever runs this."""


class InvitationOver(AccountError):
    """This invitation can be used no more. Ask for another one."""


class WrongCode(AccountError):
    """Signing up here takes a code, and this is not it. Ask whoever runs this."""


class TooManyAttempts(AccountError):
    """Too many attempts. Try again in a minute."""

    def __init__(self, message: str | None = None, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
