"""The fake Lambda and STS, seen through real boto3 clients."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fake_aws import FakeAws, Repository
from tests.fake_aws.driving import SESSION, client, paged, refused


def test_lambda_pins_the_digest_for_every_version(
    aws: FakeAws, shop: Repository, functions: Any
) -> None:
    first = shop.push("live")
    function = aws.lambda_.function("resize", first)
    version = function.publish()
    assert function.publish() is version
    second = shop.push("live")
    shown = functions.get_function(FunctionName="resize")
    assert shown["Code"]["ImageUri"] == f"{shop.uri}:live"
    assert shown["Code"]["ResolvedImageUri"] == first.by_digest
    aws.lambda_.update(function)
    listed = functions.list_versions_by_function(FunctionName="resize")["Versions"]
    assert [(item["Version"], item["CodeSha256"]) for item in listed] == [
        ("$LATEST", second.digest[7:]),
        ("1", first.digest[7:]),
    ]
    assert {item["PackageType"] for item in listed} == {"Image"}


def test_a_function_is_found_by_name_arn_and_qualifier(
    aws: FakeAws, shop: Repository, functions: Any
) -> None:
    old = shop.push("v1")
    function = aws.lambda_.function("resize", old)
    function.alias("live", function.publish())
    aws.lambda_.update(function, shop.push("v2"))

    def digest(name: str, **qualifier: str) -> str:
        uri: str = functions.get_function(FunctionName=name, **qualifier)["Code"][
            "ResolvedImageUri"
        ]
        return uri.partition("@")[2]

    for name in ("resize:live", f"{function.arn}:1", "123456789012:function:resize:1"):
        assert digest(name) == old.digest
    assert digest(function.arn, Qualifier="live") == old.digest
    assert digest(function.arn) == function.latest.code.digest != old.digest
    code, message = refused(functions.get_function, FunctionName="resize", Qualifier="9")
    assert code == "ResourceNotFoundException"
    assert message.endswith(":function:resize:9")


def test_functions_come_50_a_page_whatever_is_asked_for(aws: FakeAws, functions: Any) -> None:
    for number in range(60):
        aws.lambda_.function(f"f{number:02d}", "image", digest="sha256:" + "1" * 64).publish()
    page = functions.list_functions(MaxItems=10_000)
    assert len(page["Functions"]) == 50
    assert page["Functions"][0]["FunctionArn"].endswith(":function:f00")
    every = paged(functions, "list_functions", "Functions", FunctionVersion="ALL")
    assert len(every) == 120
    assert [item["Version"] for item in every[:2]] == ["$LATEST", "1"]


def test_zip_functions_aliases_and_provisioned_concurrency(aws: FakeAws, functions: Any) -> None:
    function = aws.lambda_.function("plain")
    version = function.publish()
    function.alias("live", version, weights={"2": 0.1})
    function.provision("live", 5)
    shown = functions.get_function(FunctionName="plain")
    assert shown["Configuration"]["PackageType"] == "Zip"
    assert shown["Code"]["RepositoryType"] == "S3"
    alias = functions.list_aliases(FunctionName=function.arn)["Aliases"][0]
    assert alias["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.1}}
    assert functions.list_aliases(FunctionName="plain", FunctionVersion="2")["Aliases"] == []
    configs = functions.list_provisioned_concurrency_configs(FunctionName="plain")
    assert configs["ProvisionedConcurrencyConfigs"][0]["FunctionArn"] == f"{function.arn}:live"
    version.fail()
    failed = functions.get_function(FunctionName="plain", Qualifier="1")["Configuration"]
    assert (failed["State"], failed["StateReasonCode"]) == ("Failed", "ImageDeleted")


def test_the_caller_is_who_the_access_key_says(aws: FakeAws) -> None:
    identity = client(aws, "sts", account="222222222222").get_caller_identity()
    assert identity["Account"] == "222222222222"
    assert identity["Arn"] == "arn:aws:iam::222222222222:user/ecrm"
    aws.world.map_key("AKIAANOTHERONE", "222222222222")
    args = aws.client_args() | {"aws_access_key_id": "AKIAANOTHERONE"}
    assert SESSION.client("sts", **args).get_caller_identity()["Account"] == "222222222222"


def test_an_assumed_role_acts_in_its_own_account(aws: FakeAws) -> None:
    aws.account("222222222222").ecr.repository("theirs")
    role = "arn:aws:iam::222222222222:role/ecrm"
    aws.role("222222222222", "ecrm")
    keys = client(aws, "sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    args = {
        "endpoint_url": aws.url,
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
        "region_name": "us-east-1",
    }
    assert SESSION.client("sts", **args).get_caller_identity()["Arn"] == (
        "arn:aws:sts::222222222222:assumed-role/ecrm/me"
    )
    repositories = SESSION.client("ecr", **args).describe_repositories()["repositories"]
    assert [item["repositoryName"] for item in repositories] == ["theirs"]
    with pytest.raises(ClientError, match="ValidationError"):
        client(aws, "sts").assume_role(RoleArn="r" * 20, RoleSessionName="me")


def test_a_role_is_assumed_only_by_whom_it_trusts(aws: FakeAws) -> None:
    aws.role("222222222222", "strict", external_id="7f3c", trusted=("123456789012",))

    def assume(role: str, account: str = "123456789012", **more: str) -> tuple[str, str]:
        arn = f"arn:aws:iam::222222222222:role/{role}"
        sts = client(aws, "sts", account=account)
        return refused(sts.assume_role, RoleArn=arn, RoleSessionName="me", **more)

    assert assume("missing")[0] == "AccessDenied"
    assert assume("strict")[0] == "AccessDenied"
    assert assume("strict", ExternalId="other")[0] == "AccessDenied"
    assert assume("strict", account="333333333333", ExternalId="7f3c")[0] == "AccessDenied"


def test_credentials_that_were_never_issued_or_have_expired_are_refused(aws: FakeAws) -> None:
    aws.role("222222222222", "short", seconds=-1)
    role = "arn:aws:iam::222222222222:role/short"
    keys = client(aws, "sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    for key, code in (
        (keys["AccessKeyId"], "ExpiredTokenException"),
        ("ASIAUNKNOWN", "UnrecognizedClientException"),
    ):
        ecr = SESSION.client("ecr", **aws.client_args() | {"aws_access_key_id": key})
        assert refused(ecr.describe_repositories)[0] == code


def test_a_region_that_is_not_enabled_knows_no_credentials(aws: FakeAws) -> None:
    aws.account(region="eu-west-1")
    aws.disable("123456789012", "ap-east-1")
    far = client(aws, "ecr", region="ap-east-1")
    assert refused(far.describe_repositories)[0] == "UnrecognizedClientException"
    ec2 = client(aws, "ec2")
    rows = ec2.describe_regions(AllRegions=True)["Regions"]
    assert [(row["RegionName"], row["OptInStatus"]) for row in rows] == [
        ("eu-west-1", "opt-in-not-required"),
        ("us-east-1", "opt-in-not-required"),
        ("ap-east-1", "not-opted-in"),
    ]
    assert len(ec2.describe_regions()["Regions"]) == 2


def test_accounts_and_regions_do_not_see_each_other(aws: FakeAws) -> None:
    for account, region in (
        ("123456789012", "us-east-1"),
        ("123456789012", "eu-west-1"),
        ("222222222222", "us-east-1"),
    ):
        owner = aws.account(account, region)
        owner.ecr.repository(f"{region}-{account}")
        owner.ecs.cluster(f"{region}-{account}")
        owner.lambda_.function(f"{region}-{account}")
    places: list[dict[str, str]] = [{}, {"region": "eu-west-1"}, {"account": "222222222222"}]
    for place in places:
        name = f"{place.get('region', 'us-east-1')}-{place.get('account', '123456789012')}"
        ecr, ecs, functions = (client(aws, part, **place) for part in ("ecr", "ecs", "lambda"))
        found = ecr.describe_repositories()["repositories"]
        assert [item["repositoryName"] for item in found] == [name]
        assert ecs.list_clusters()["clusterArns"][0].endswith(f"cluster/{name}")
        assert [item["FunctionName"] for item in functions.list_functions()["Functions"]] == [name]
    assert {(call.account, call.region) for call in aws.calls} == {
        ("123456789012", "us-east-1"),
        ("123456789012", "eu-west-1"),
        ("222222222222", "us-east-1"),
    }


def test_registry_id_names_another_accounts_registry(aws: FakeAws, ecr: Any) -> None:
    image = aws.account("222222222222").ecr.repository("theirs").push("v1")
    shown = ecr.describe_images(registryId="222222222222", repositoryName="theirs")
    assert shown["imageDetails"][0]["imageDigest"] == image.digest
    assert refused(ecr.describe_images, repositoryName="theirs")[0] == "RepositoryNotFoundException"
