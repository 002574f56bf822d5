"""What botocore raises, as one line that says what, where and what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager
from socket import gaierror

from ecrm.errors import AccessDenied, AwsError, Gone, HostNotFound, NotOffered

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "KmsAccessDeniedException",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)
_GONE = frozenset(
    {
        "ClusterNotFoundException",
        "DaemonNotFoundException",
        "ImageNotFoundException",
        "LifecyclePolicyNotFoundException",
        "NoSuchBucket",
        "NoSuchKey",
        "NotFoundException",
        "ParameterNotFound",
        "PipelineNotFoundException",
        "RegistryPolicyNotFoundException",
        "RepositoryNotFoundException",
        "RepositoryPolicyNotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ServiceNotFoundException",
        "StateMachineDoesNotExist",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_REFUSED = frozenset(
    {
        "AuthFailure",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
THROTTLED = frozenset(
    {"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)
# An endpoint that does not know an operation cannot have what it lists. Without an error type of
# AWS's own, the code is the bare status. Nor can an account that is not subscribed to the service.
_NOT_OFFERED = frozenset(
    {
        "404",
        "OptInRequired",
        "SubscriptionRequiredException",
        "UnknownOperationException",
        "UnsupportedFeatureException",
        "UnsupportedRegionException",
    }
)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Botocore's errors within, as AwsError; `action` is what IAM calls the operation."""
    # Imported here since it takes long; whoever makes a call has imported it already.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        raise _of_answer(error.response.get("Error", {}), action) from error
    except BotoCoreError as error:
        raise _of_connection(error, action) from error
    except (ResponseParserError, UnicodeDecodeError) as error:  # cut off, or a proxy's own page
        message = "the answer is none of AWS's; check the network and proxies, and try again"
        raise AwsError(f"{action}: {message}") from error


def code_of(error: AwsError) -> str:
    """AWS's own code of what `translated` raised; empty where AWS did not answer."""
    response = getattr(error.__cause__, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def _of_answer(error: dict[str, str], action: str) -> AwsError:
    code, message = error.get("Code", ""), _one_line(error.get("Message", ""))
    if code in _DENIED:
        return AccessDenied(f"{action} is denied; allow it: {message}", action)
    if code in _GONE or _is_missing(code, message):
        return Gone(f"{action}: {code}: {message}")
    if code in _NOT_OFFERED:
        return NotOffered(f"{action}: this endpoint does not offer it ({message})")
    if code in _EXPIRED:
        message = f"the credentials have expired; sign in again ({message})"
    elif code in _REFUSED:
        message = f"AWS does not accept the credentials ({code}: {message})"
    elif code in THROTTLED:
        message = "AWS still throttles after all retries; try again later"
    else:
        message = f"{code}: {message}"
    return AwsError(f"{action}: {message}")


def _is_missing(code: str, message: str) -> bool:
    """ECS has no error of its own for a task definition that was deleted, nor SageMaker for most of
    what it describes."""
    return (code == "ClientException" and "Unable to describe task definition" in message) or (
        code == "ValidationException" and message.startswith("Could not find")
    )


def _of_connection(error: Exception, action: str) -> AwsError:
    name, message = type(error).__name__, _one_line(str(error))
    if name == "MissingDependencyException":  # of `aws login`, and of requests signed for regions
        message = "the credentials need the AWS Common Runtime, an extra of ecrm named crt"
    if "Invalid header value" in message:  # its text has the credentials
        message = "the credentials hold a character, such as a line break, that cannot be sent"
    advice = {
        "NoCredentialsError": "give --profile, or set credentials as for the AWS CLI",
        "PartialCredentialsError": "complete the credentials",
        "MissingDependencyException": "or run: pip install 'botocore[crt]'",
        "ProfileNotFound": "name another with --profile or AWS_PROFILE",
        "NoRegionError": "give --region, or set AWS_REGION or a profile's region",
        "InvalidRegionError": "name a region such as us-east-1",
        "EndpointConnectionError": "check the network, the region and AWS_ENDPOINT_URL",
        "ConnectTimeoutError": "check the network, the region and AWS_ENDPOINT_URL",
        "LoginRefreshRequired": "sign in again with: aws login",
        "LoginTokenLoadError": "sign in again with: aws login",
        "SSOTokenLoadError": "sign in again with: aws sso login",
        "TokenRetrievalError": "sign in again with: aws sso login",
        "UnauthorizedSSOTokenError": "sign in again with: aws sso login",
    }.get(name, "try again" if _is_of_network(error) else "")
    text = f"{action}: {message.rstrip('.')}{advice and f'; {advice}'}"
    return HostNotFound(text) if _is_unresolved(error) else AwsError(text)


def _is_of_network(error: Exception) -> bool:
    """Whether another attempt may succeed; it does not where a setting is wrong."""
    from botocore.exceptions import HTTPClientError  # noqa: PLC0415 - as in `translated`

    # Itself, it stands for what botocore has no name for: a header or an URL that cannot be.
    return isinstance(error, HTTPClientError) and type(error) is not HTTPClientError


def _is_unresolved(error: BaseException | None) -> bool:
    """Whether the name of the endpoint could not be resolved."""
    while error is not None:
        if isinstance(error, gaierror):
            return True
        # botocore keeps what urllib3 raised beside the error that it raises.
        inner = getattr(error, "kwargs", {}).get("error")
        error = inner or error.__cause__ or error.__context__
    return False


def _one_line(message: str) -> str:
    return " ".join(message.split())
