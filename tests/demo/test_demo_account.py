"""The sample account shows, through boto3, what `ecrm demo` is about."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from ecrm.demo import SAMPLE_CONFIG, sample_account
from tests.stubs import HOST, NOW
from tests.values import OCI_INDEX


@pytest.fixture
def account() -> Iterator[None]:
    with sample_account(NOW):
        yield


def details(repository: str) -> list[dict[str, Any]]:
    answer = boto3.client("ecr").describe_images(
        repositoryName=repository, filter={"imageStatus": "ANY"}
    )
    return list(answer["imageDetails"])


def tagged(repository: str, tag: str) -> dict[str, Any]:
    return next(image for image in details(repository) if tag in image.get("imageTags", ()))


def by_digest(repository: str, digest: str) -> dict[str, Any]:
    return next(image for image in details(repository) if image["imageDigest"] == digest)


def manifests(repository: str) -> dict[str, dict[str, Any]]:
    answer = boto3.client("ecr").batch_get_image(
        repositoryName=repository,
        imageIds=[{"imageDigest": image["imageDigest"]} for image in details(repository)],
    )
    assert answer["failures"] == []
    return {
        image["imageId"]["imageDigest"]: json.loads(image["imageManifest"])
        for image in answer["images"]
    }


def tasks(service: str) -> list[dict[str, Any]]:
    ecs = boto3.client("ecs")
    arns = ecs.list_tasks(cluster="prod")["taskArns"]
    found = ecs.describe_tasks(cluster="prod", tasks=arns)["tasks"]
    return [task for task in found if task["group"] == f"service:{service}"]


def service(name: str) -> dict[str, Any]:
    answer = boto3.client("ecs").describe_services(cluster="prod", services=[name])
    return dict(answer["services"][0])


def age(image: dict[str, Any]) -> timedelta:
    return NOW - image["imagePushedAt"]  # type: ignore[no-any-return]


def everything() -> list[Any]:
    ecs, functions = boto3.client("ecs"), boto3.client("lambda")
    repositories = boto3.client("ecr").describe_repositories()["repositories"]
    names = [repository["repositoryName"] for repository in repositories]
    return [
        repositories,
        [details(name) for name in names],
        [manifests(name) for name in names],
        [tasks(name) for name in ("api", "web", "worker")],
        [service(name) for name in ("api", "web", "worker")],
        ecs.list_task_definitions()["taskDefinitionArns"],
        functions.list_functions(FunctionVersion="ALL")["Functions"],
        functions.list_aliases(FunctionName="thumbnails")["Aliases"],
    ]


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )


def test_seven_repositories_hold_86_images_pushed_within_a_year(account):
    names = {
        repository["repositoryName"]: len(details(repository["repositoryName"]))
        for repository in boto3.client("ecr").describe_repositories()["repositories"]
    }
    assert names == {
        "shop/api": 19,
        "shop/web": 25,
        "shop/worker": 18,
        "lambda/thumbnails": 9,
        "tools/ci": 8,
        "legacy/batch": 4,
        "charts/shop": 3,
    }
    images = [image for name in names for image in details(name)]
    assert all(timedelta() < age(image) < timedelta(days=365) for image in images)
    assert all(image["imageSizeInBytes"] > 0 for image in images)
    assert len({image["imageDigest"] for image in images}) == len(images)


def test_a_digest_is_that_of_the_manifest_and_a_size_that_of_its_blobs(account):
    client = boto3.client("ecr")
    for image in details("shop/api"):
        wanted = {"imageDigest": image["imageDigest"]}
        answer = client.batch_get_image(repositoryName="shop/api", imageIds=[wanted])
        text = answer["images"][0]["imageManifest"]
        assert image["imageDigest"] == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        manifest = json.loads(text)
        blobs = [manifest["config"], *manifest["layers"]]
        assert image["imageSizeInBytes"] == sum(blob["size"] for blob in blobs)
        assert image["imageManifestMediaType"] == manifest["mediaType"]


def test_api_runs_an_old_image_whose_tag_points_to_a_newer_one_by_now(account):
    containers = [task["containers"][0] for task in tasks("api")]
    assert [container["image"] for container in containers] == [f"{HOST}/shop/api:stable"] * 3
    (digest,) = {container["imageDigest"] for container in containers}
    running = by_digest("shop/api", digest)
    assert "imageTags" not in running
    assert age(running) == timedelta(days=95)
    assert tagged("shop/api", "stable")["imageDigest"] != digest
    assert age(tagged("shop/api", "stable")) == timedelta(days=12)


def test_a_service_revision_names_the_digest_that_its_tag_was_resolved_to(account):
    ecs = boto3.client("ecs")
    (current,) = service("api")["currentServiceRevisions"]
    answer = ecs.describe_service_revisions(serviceRevisionArns=[current["arn"], "arn:gone"])
    (image,) = answer["serviceRevisions"][0]["containerImages"]
    assert image["image"] == f"{HOST}/shop/api:stable"
    assert image["imageDigest"] == tasks("api")[0]["containers"][0]["imageDigest"]
    assert answer["failures"] == [{"arn": "arn:gone", "reason": "MISSING"}]


def test_an_index_of_web_has_two_platform_images_and_two_attestations(account):
    stored = manifests("shop/web")
    indexes = [
        image for image in details("shop/web") if image["imageManifestMediaType"] == OCI_INDEX
    ]
    assert sorted(age(index).days for index in indexes) == [0, 61, 124, 207, 305]
    for index in indexes:
        children = stored[index["imageDigest"]]["manifests"]
        assert [child["platform"]["architecture"] for child in children] == [
            "amd64", "arm64", "unknown", "unknown",
        ]  # fmt: skip
        assert {child["digest"] for child in children} < stored.keys()
        notes = [child["annotations"]["vnd.docker.reference.digest"] for child in children[2:]]
        assert notes == [child["digest"] for child in children[:2]]
        assert "artifactMediaType" not in index


def test_web_is_being_deployed_so_that_two_versions_run(account):
    primary, active = service("web")["deployments"]
    assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "IN_PROGRESS")
    assert (active["status"], active["runningCount"]) == ("ACTIVE", 2)
    assert primary["taskDefinition"] == service("web")["taskDefinition"]
    running = sorted(task["containers"][0]["imageDigest"] for task in tasks("web"))
    old, new = (tagged("shop/web", tag)["imageDigest"] for tag in ("2.3.0", "2.4.0"))
    assert running == sorted([new, old, old])


def test_worker_runs_a_revision_that_was_deregistered(account):
    ecs = boto3.client("ecs")
    arn = service("worker")["taskDefinition"]
    definition = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    assert (definition["revision"], definition["status"]) == (2, "INACTIVE")
    assert ecs.list_task_definitions(familyPrefix="worker")["taskDefinitionArns"] == [
        arn.replace("worker:2", "worker:3")
    ]
    own, sidecar = tasks("worker")[0]["containers"]
    assert own["imageDigest"] == tagged("shop/worker", "git-93be207")["imageDigest"]
    assert sidecar["image"].startswith("public.ecr.aws/")


def test_worker_has_signatures_by_tag_and_sboms_by_subject(account):
    digests = {image["imageDigest"] for image in details("shop/worker")}
    tags = [tag for image in details("shop/worker") for tag in image.get("imageTags", ())]
    signed = [tag.removesuffix(".sig").replace("-", ":") for tag in tags if tag.endswith(".sig")]
    assert len(signed) == 4
    assert set(signed) < digests
    sboms = [image for image in details("shop/worker") if "subjectManifestDigest" in image]
    assert {sbom["artifactMediaType"] for sbom in sboms} == {"application/spdx+json"}
    running = tagged("shop/worker", "git-93be207")["imageDigest"]
    assert running in {sbom["subjectManifestDigest"] for sbom in sboms}
    stored = manifests("shop/worker")
    assert all(
        stored[sbom["imageDigest"]]["subject"]["digest"] == sbom["subjectManifestDigest"]
        for sbom in sboms
    )


def test_task_definitions_are_listed_in_the_order_that_was_asked_for(account):
    ecs = boto3.client("ecs")

    def listed(**asked: str) -> list[str]:
        arns = ecs.list_task_definitions(familyPrefix="web", **asked)["taskDefinitionArns"]
        return [arn.rpartition(":")[2] for arn in arns]

    assert listed() == ["1", "2", "3", "4", "5"]
    assert listed(sort="DESC") == ["5", "4", "3", "2", "1"]
    assert listed(status="INACTIVE") == []


def test_tasks_keep_running_however_often_they_are_described(account):
    for _ in range(4):
        assert {task["lastStatus"] for task in tasks("api")} == {"RUNNING"}


def test_each_version_of_the_function_names_its_own_image(account):
    client = boto3.client("lambda")
    functions = client.list_functions(FunctionVersion="ALL")["Functions"]
    assert {function["PackageType"] for function in functions} == {"Image"}
    digests = {function["Version"]: f"sha256:{function['CodeSha256']}" for function in functions}
    wanted = {str(n): tagged("lambda/thumbnails", f"r{n}")["imageDigest"] for n in range(1, 8)}
    assert digests == wanted | {"$LATEST": wanted["7"]}


def test_the_alias_of_the_function_is_on_an_old_version(account):
    client = boto3.client("lambda")
    (alias,) = client.list_aliases(FunctionName="thumbnails")["Aliases"]
    assert (alias["Name"], alias["FunctionVersion"]) == ("live", "2")
    code = client.get_function(FunctionName="thumbnails", Qualifier="live")["Code"]
    digest = tagged("lambda/thumbnails", "r2")["imageDigest"]
    assert code["ImageUri"] == f"{HOST}/lambda/thumbnails:r2"
    assert code["ResolvedImageUri"] == f"{HOST}/lambda/thumbnails@{digest}"


def test_one_image_is_archived_and_the_charts_are_no_images(account):
    archived = [image for image in details("shop/api") if image["imageStatus"] == "ARCHIVED"]
    assert [image["imageTags"] for image in archived] == [["v1.19.0"]]
    assert archived[0]["lastArchivedAt"] == NOW - timedelta(days=120)
    assert {image["artifactMediaType"] for image in details("charts/shop")} == {
        "application/vnd.cncf.helm.config.v1+json"
    }


def test_nothing_new_is_in_the_repositories_that_nobody_uses(account):
    for repository in ("tools/ci", "legacy/batch"):
        assert min(map(age, details(repository))) > timedelta(days=70)


def test_the_sample_config_is_for_this_account_and_leaves_legacy_batch_alone(account):
    config = yaml.safe_load(SAMPLE_CONFIG.read_text())
    patterns = [rule.get("name") or rule["name_pattern"] for rule in config["repositories"]]
    assert patterns == ["shop/web", "shop/*", "lambda/thumbnails", "tools/*", "charts/*"]
    assert all("expires" in rule for rule in config["repositories"])


def test_an_image_without_a_tag_is_deleted_and_named_in_the_answer(account):
    untagged = [image for image in details("tools/ci") if "imageTags" not in image]
    wanted = [{"imageDigest": image["imageDigest"]} for image in untagged]
    client = boto3.client("ecr")
    answer = client.batch_delete_image(repositoryName="tools/ci", imageIds=wanted)
    assert (answer["imageIds"], answer["failures"]) == (wanted, [])
    assert len(details("tools/ci")) == 6
    again = client.batch_delete_image(repositoryName="tools/ci", imageIds=wanted)
    assert [failure["failureCode"] for failure in again["failures"]] == ["ImageNotFound"] * 2


def test_a_child_cannot_be_deleted_before_its_index(account):
    client = boto3.client("ecr")
    index = tagged("shop/web", "2.0.0")["imageDigest"]
    child = {"imageDigest": manifests("shop/web")[index]["manifests"][0]["digest"]}
    refused = client.batch_delete_image(repositoryName="shop/web", imageIds=[child])
    assert refused["failures"][0]["failureCode"] == "ImageReferencedByManifestList"
    both = [{"imageDigest": index}, child]
    answer = client.batch_delete_image(repositoryName="shop/web", imageIds=both)
    assert answer["failures"] == []
    assert answer["imageIds"] == [{"imageDigest": index, "imageTag": "2.0.0"}, child]


def test_by_tag_only_the_tag_is_removed_until_it_is_the_last(account):
    client = boto3.client("ecr")
    for tag in ("latest", "v1.31.0"):
        assert tagged("shop/api", tag)
        client.batch_delete_image(repositoryName="shop/api", imageIds=[{"imageTag": tag}])
    assert len(details("shop/api")) == 18


def test_a_repository_that_is_missing_is_an_error_as_ever(account):
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        boto3.client("ecr").batch_get_image(
            repositoryName="shop/none", imageIds=[{"imageTag": "latest"}]
        )


def test_services_that_the_account_does_not_use_hold_nothing(account):
    assert boto3.client("apprunner").list_services()["ServiceSummaryList"] == []
    assert boto3.client("batch").describe_job_definitions()["jobDefinitions"] == []
    assert boto3.client("ecr").describe_pull_through_cache_rules()["pullThroughCacheRules"] == []
    concurrency = boto3.client("lambda").list_provisioned_concurrency_configs(
        FunctionName="thumbnails"
    )
    assert concurrency["ProvisionedConcurrencyConfigs"] == []
    identity = boto3.client("sts").get_caller_identity()
    assert identity["Account"] == "123456789012"


def test_the_same_now_gives_the_same_account():
    built = []
    for _ in range(2):
        with sample_account(NOW):
            built.append(everything())
    assert built[0] == built[1]


def test_digests_do_not_depend_on_the_time():
    found = []
    for now in (NOW, NOW + timedelta(days=17)):
        with sample_account(now):
            found.append([image["imageDigest"] for image in details("shop/worker")])
    assert found[0] == found[1]


def test_the_environment_has_no_say_and_is_restored(monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\nendpoint_url = http://localhost:1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "missing")
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://localhost:1")
    monkeypatch.setenv("MOTO_LAMBDA_STUB_ECR", "false")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    before = dict(os.environ)
    with sample_account(NOW):
        assert len(details("shop/api")) == 19
        assert boto3.Session().region_name == "us-east-1"
    assert dict(os.environ) == before


def test_the_environment_is_restored_when_the_demo_fails():
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), sample_account(NOW):
        raise ZeroDivisionError
    assert dict(os.environ) == before


@pytest.mark.slow
def test_it_says_nothing_and_warns_of_nothing():
    done = python(
        "import datetime as d, logging; logging.basicConfig(level='WARNING')\n"
        "from ecrm.demo import sample_account\n"
        "with sample_account(d.datetime.now(d.UTC)): pass"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_it_does_not_import_moto():
    done = python("import sys, ecrm.demo; print({'moto', 'boto3'} & set(sys.modules))")
    assert done.stdout == "set()\n", done.stderr


def test_without_moto_it_says_how_to_install_it():
    done = python(
        "import datetime as d, sys; sys.modules['moto'] = None\n"
        "from ecrm.demo import sample_account\n"
        "from ecrm.errors import UsageError\n"
        "try:\n"
        "    with sample_account(d.datetime.now(d.UTC)): pass\n"
        "except UsageError as error: print(error)"
    )
    assert done.stdout == (
        "ecrm demo needs moto; in a clone of ecrm, run: pip install '.[demo]'\n"
    ), done.stderr
