"""Every error that ecrm expects, and the exit code of each.

    EcrmError                1  failed; nothing is hidden
    ├── UsageError           2  an option or argument is wrong
    │   └── ConfigError      2  ecrm.yaml is wrong
    ├── InputError           1  a file or a command that we read from is wrong
    │   ├── NotThereError    1  there is nothing where we were told to read
    │   └── NotAReferenceError  1  a text is not an image reference
    ├── OutputError          1  a file that we write to cannot be written
    ├── AwsError             1  AWS, or a cluster, refused or could not be reached
    │   ├── AccessDenied     1  a permission is missing; names the action
    │   ├── Gone             1  what we asked about has vanished meanwhile
    │   ├── HostNotFound     1  the name of the endpoint cannot be resolved
    │   └── NotOffered       1  this endpoint has no such operation
    ├── IncompleteError      1  something could not be read, so nothing may be deleted
    ├── OutOfTimeError       1  the time of a Lambda function is nearly over; no failure there
    ├── ViolationsError      3  `check` found violations
    ├── NotDeletedError      4  the run ended and some images are still there
    └── GuardError           5  a guard stopped the run before the first deletion

The text of an error is the one line that a person sees: what, where, and what to do next.
Anything that is not an EcrmError is a bug and keeps its traceback.
"""


class EcrmError(Exception):
    exit_code = 1


class UsageError(EcrmError):
    exit_code = 2


class ConfigError(UsageError):
    pass


class InputError(EcrmError):
    pass


class NotThereError(InputError):
    pass


class NotAReferenceError(InputError):
    pass


class OutputError(EcrmError):
    pass


class AwsError(EcrmError):
    pass


class AccessDenied(AwsError):  # noqa: N818 - the word of AWS and of Kubernetes
    """`action` is the IAM action that was missing, such as `ecr:DescribeImages`, or
    what a role of a cluster must allow, such as `list pods in apiGroup ''`."""

    def __init__(self, message: str, action: str) -> None:
        super().__init__(message)
        self.action = action


class Gone(AwsError):  # noqa: N818 - a fact about the account, not a failure of ours
    pass


class HostNotFound(AwsError):  # noqa: N818 - as Gone
    pass


class NotOffered(AwsError):  # noqa: N818 - as Gone
    pass


class IncompleteError(EcrmError):
    pass


class OutOfTimeError(EcrmError):
    pass


class ViolationsError(EcrmError):
    exit_code = 3


class NotDeletedError(EcrmError):
    exit_code = 4


class GuardError(EcrmError):
    exit_code = 5
