"""Every way in which AWS refuses is one error type and one line: what, where, what to do next."""

from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ecrm.aws import call, pages
from ecrm.aws.errors import translated
from ecrm.errors import AccessDenied, AwsError, EcrmError, Gone, NotOffered
from ecrm.registry.operations import DESCRIBE_IMAGES
from ecrm.sources.ecs.operations import DESCRIBE_TASKS
from ecrm.sources.lambda_functions.operations import (
    GET_FUNCTION,
    LIST_PROVISIONED_CONCURRENCY_CONFIGS,
)
from tests.stubs import Stubs

ACTION = "ecs:ListTasks"


def of_code(code: str, message: str = "AWS says so.", action: str = ACTION) -> EcrmError:
    return translation(
        ClientError({"Error": {"Code": code, "Message": message}}, "ListTasks"), action
    )


def translation(error: Exception, action: str = ACTION) -> EcrmError:
    with pytest.raises(AwsError) as caught, translated(action):
        raise error
    assert caught.value.__cause__ is error
    assert caught.value.exit_code == 1
    return caught.value


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_missing_permission_names_the_iam_action(code):
    error = of_code(code, "User: arn:aws:iam::123456789012:user/me is not authorized")
    assert type(error) is AccessDenied
    assert error.action == "ecs:ListTasks"
    assert str(error) == (
        "ecs:ListTasks is denied; allow it: "
        "User: arn:aws:iam::123456789012:user/me is not authorized"
    )


@pytest.mark.parametrize(
    "code",
    [
        "ClusterNotFoundException",
        "ImageNotFoundException",
        "RepositoryNotFoundException",
        "ResourceNotFoundException",
        "ServiceNotFoundException",
    ],
)
def test_what_has_vanished_is_gone(code):
    error = of_code(code)
    assert type(error) is Gone
    assert str(error) == f"ecs:ListTasks: {code}: AWS says so."


def test_a_task_definition_that_was_deleted_is_gone():
    error = of_code(
        "ClientException",
        "Unable to describe task definition.",
        "ecs:DescribeTaskDefinition",
    )
    assert type(error) is Gone
    assert str(error) == (
        "ecs:DescribeTaskDefinition: ClientException: Unable to describe task definition."
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ClientException", "Identifier is for a different account."),
        ("OtherException", "Unable to describe task definition."),
    ],
)
def test_no_other_client_exception_is_taken_for_a_deleted_task_definition(code, message):
    error = of_code(code, message)
    assert type(error) is AwsError
    assert str(error) == f"ecs:ListTasks: {code}: {message}"


@pytest.mark.parametrize("code", ["404", "UnknownOperationException"])
def test_what_an_endpoint_does_not_know_is_not_offered(code):
    error = of_code(code, "Not Found")
    assert type(error) is NotOffered
    assert str(error) == "ecs:ListTasks: this endpoint does not offer it (Not Found)"


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired"])
def test_expired_credentials_say_to_sign_in_again(code):
    error = of_code(code, "The security token is expired")
    assert type(error) is AwsError
    assert str(error) == (
        "ecs:ListTasks: the credentials have expired; sign in again (The security token is expired)"
    )


@pytest.mark.parametrize(
    "code",
    [
        "AuthFailure",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ],
)
def test_credentials_that_aws_does_not_accept_are_distinguished_from_missing_permissions(code):
    error = of_code(code)
    assert type(error) is AwsError
    assert str(error) == (
        f"ecs:ListTasks: AWS does not accept the credentials ({code}: AWS says so.)"
    )


@pytest.mark.parametrize(
    "code",
    ["RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"],
)
def test_throttling_that_outlasts_the_retries_says_to_come_back_later(code):
    """B23."""
    error = of_code(code)
    assert type(error) is AwsError
    assert str(error) == "ecs:ListTasks: AWS still throttles after all retries; try again later"


@pytest.mark.parametrize("code", ["ServerException", "InvalidParameterException", "KmsException"])
def test_any_other_code_is_reported_in_aws_own_words(code):
    error = of_code(code)
    assert type(error) is AwsError
    assert str(error) == f"ecs:ListTasks: {code}: AWS says so."


@pytest.mark.parametrize("code", ["AccessDenied", "ServerException", "404", "ExpiredToken"])
def test_newlines_of_aws_are_folded_into_one_line(code):
    message = str(of_code(code, "one\n  two\r\n\tthree"))
    assert "one two three" in message
    assert "\n" not in message


def test_an_error_that_says_nothing_is_still_an_error():
    error = translation(ClientError({}, "ListTasks"))
    assert type(error) is AwsError
    assert str(error).startswith("ecs:ListTasks: ")


@pytest.mark.parametrize(
    ("error", "words", "advice"),
    [
        (
            exceptions.NoCredentialsError(),
            "Unable to locate credentials",
            "give --profile, or set credentials as for the AWS CLI",
        ),
        (
            exceptions.PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"),
            "Partial credentials found in env, missing: aws_secret_access_key",
            "complete the credentials",
        ),
        (
            exceptions.ProfileNotFound(profile="prod"),
            "The config profile (prod) could not be found",
            "name another with --profile or AWS_PROFILE",
        ),
        (
            exceptions.NoRegionError(),
            "You must specify a region",
            "give --region, or set AWS_REGION or a profile's region",
        ),
        (
            exceptions.InvalidRegionError(region_name="us east"),
            "Provided region_name 'us east' doesn't match a supported format",
            "name a region such as us-east-1",
        ),
        (
            exceptions.EndpointConnectionError(endpoint_url="https://ecs.nowhere/"),
            'Could not connect to the endpoint URL: "https://ecs.nowhere/"',
            "check the network, the region and AWS_ENDPOINT_URL",
        ),
        (
            exceptions.ConnectTimeoutError(endpoint_url="https://ecs.nowhere/"),
            'Connect timeout on endpoint URL: "https://ecs.nowhere/"',
            "check the network, the region and AWS_ENDPOINT_URL",
        ),
        (
            exceptions.SSOTokenLoadError(error_msg="no token"),
            "Error loading SSO Token: no token",
            "sign in again with: aws sso login",
        ),
        (
            exceptions.TokenRetrievalError(provider="sso", error_msg="Token has expired"),
            "Error when retrieving token from sso: Token has expired",
            "sign in again with: aws sso login",
        ),
        (
            exceptions.ReadTimeoutError(endpoint_url="https://ecs.nowhere/"),
            'Read timeout on endpoint URL: "https://ecs.nowhere/"',
            "try again",
        ),
        (
            exceptions.ConnectionClosedError(endpoint_url="https://ecs.nowhere/"),
            (
                "Connection was closed before we received a valid response from endpoint URL: "
                '"https://ecs.nowhere/"'
            ),
            "try again",
        ),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, Exception) else "",
)
def test_what_goes_wrong_on_the_way_to_aws_says_what_to_do(error, words, advice):
    result = translation(error)
    assert type(result) is AwsError
    assert str(result) == f"ecs:ListTasks: {words}; {advice}"


def test_credentials_that_cannot_be_sent_are_not_shown():
    """A secret of a pipeline often ends with a line break."""
    error = exceptions.HTTPClientError(error=ValueError("Invalid header value b'secret\\n'"))
    assert str(translation(error)) == (
        "ecs:ListTasks: the credentials hold a character, such as a line break, that cannot be sent"
    )


def test_what_botocore_has_no_name_for_is_not_to_be_tried_again():
    error = exceptions.HTTPClientError(error=ValueError("Not supported URL scheme ftp"))
    assert str(translation(error)).endswith(": Not supported URL scheme ftp")


def test_a_session_of_single_sign_on_that_has_ended_says_to_sign_in_again():
    message = str(translation(exceptions.UnauthorizedSSOTokenError()))
    assert message.endswith("; sign in again with: aws sso login")


@pytest.mark.parametrize(
    "error",
    [
        ResponseParserError("Unable to parse response (syntax error),\ninvalid XML received"),
        UnicodeDecodeError("utf-8", b"\xc3", 0, 1, "unexpected end of data"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_an_answer_that_is_none_of_aws_is_an_error_too(error):
    assert str(translation(error)) == (
        "ecs:ListTasks: the answer is none of AWS's; check the network and proxies, and try again"
    )


@pytest.mark.parametrize("error", [KeyError("bug"), AssertionError("bug"), AwsError("ours")])
def test_everything_else_passes_as_it_is(error):
    with pytest.raises(type(error)) as caught, translated(ACTION):
        raise error
    assert caught.value is error


def test_nothing_is_translated_where_nothing_goes_wrong():
    with translated(ACTION):
        done = True
    assert done


def test_an_error_that_botocore_adds_one_day_is_one_of_ours_too():
    error = type("NewError", (BotoCoreError,), {"fmt": "Something new."})()
    assert str(translation(error)) == "ecs:ListTasks: Something new"


@pytest.mark.parametrize(
    ("client", "operation", "params", "action"),
    [
        ("ecr", DESCRIBE_IMAGES, {"repositoryName": "shop/api"}, "ecr:DescribeImages"),
        ("ecs", DESCRIBE_TASKS, {"tasks": ["t"]}, "ecs:DescribeTasks"),
        ("functions", GET_FUNCTION, {"FunctionName": "f"}, "lambda:GetFunction"),
    ],
)
def test_a_denied_call_names_the_action_as_iam_spells_it(client, operation, params, action):
    """B11."""
    with Stubs() as aws:
        aws.refuse(operation.name, "AccessDeniedException", "not you", **params)
        with pytest.raises(AccessDenied) as error:
            call(getattr(aws.target, client), operation, **params)
    assert (error.value.action, str(error.value)) == (
        action,
        f"{action} is denied; allow it: not you",
    )


def test_a_denied_listing_names_the_action_as_iam_spells_it():
    """B11."""
    with Stubs() as aws:
        aws.refuse("ListProvisionedConcurrencyConfigs", "AccessDeniedException", FunctionName="f")
        with pytest.raises(AccessDenied) as error:
            list(pages(aws.target.functions, LIST_PROVISIONED_CONCURRENCY_CONFIGS, **named("f")))
    assert error.value.action == "lambda:ListProvisionedConcurrencyConfigs"


def named(function: str) -> dict[str, Any]:
    return {"FunctionName": function}
