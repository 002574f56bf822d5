"""An organization of three accounts in two regions, in a moto server, through the command line as a
process: what moto has of Organizations, STS and EC2 is other people's idea of AWS."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pytest

from ecrm.sources import SOURCES
from tests.cli.driving import Ecrm, process
from tests.cli.test_moto import Account, account, server

FIXTURES = (server, account)
EAST, WEST = "us-east-1", "eu-west-1"


@contextmanager
def inside(account: str, region: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """This process calls as that account."""
    role = f"arn:aws:iam::{account}:role/setup"
    keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
        patch.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
        patch.setenv("AWS_DEFAULT_REGION", region)
        boto3.setup_default_session()
        yield Account()
    boto3.setup_default_session()


def pushed(account: Account, *tags: str) -> str:
    """With its layers, without which nothing can be restored."""
    name = f"app {' '.join(tags)}".encode()
    for blob in (name, name + b"layer"):
        upload = account.ecr.initiate_layer_upload(repositoryName="app")["uploadId"]
        where = {"repositoryName": "app", "uploadId": upload}
        account.ecr.upload_layer_part(
            **where, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob
        )
        digest = f"sha256:{sha256(blob).hexdigest()}"
        account.ecr.complete_layer_upload(**where, layerDigests=[digest])
    return account.push("app", *tags)


def ran(*args: str) -> Any:
    done = process(*args)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_an_organization_from_nothing_to_a_deletion_and_back(
    ecrm: Ecrm, account: Account, monkeypatch: pytest.MonkeyPatch
):
    organizations = boto3.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    images, team = (
        organizations.create_account(Email=f"{name}@example.com", AccountName=name)[
            "CreateAccountStatus"
        ]["AccountId"]
        for name in ("images", "team")
    )
    digests: dict[str, dict[str, str]] = {}
    for region in (EAST, WEST):
        with inside(images, region, monkeypatch) as there:
            there.ecr.create_repository(repositoryName="app")
            digests[region] = {tag: pushed(there, tag, region) for tag in ("old", "used")}
    with inside(team, WEST, monkeypatch) as there:
        for region in (EAST, WEST):
            there.define(region, f"{images}.dkr.ecr.{region}.amazonaws.com/app:used")

    ran("generate", "--yes", "--organization", "-c", "generated.yaml")
    assert "# All 3 accounts of the organization" in Path("generated.yaml").read_text()
    left_out = [{"name": source.name, "exclude": True} for source in SOURCES_BUT_TWO]
    ecrm.config(json.dumps(config(images) | {"sources": left_out}))

    listed = json.loads(ran("targets", "--format", "json"))
    assert {(one["name"], one["status"]) for one in listed["accounts"]} == {
        ("master", "ok"),
        ("images", "ok"),
        ("team", "ok"),
    }
    used = {f"{images}.dkr.ecr.{region}.amazonaws.com/app:used" for region in (EAST, WEST)}
    assert set(json.loads(ran("scan"))) == used
    plan = ran("plan")
    assert f"{images}/{EAST}/app" in plan
    assert f"{images}/{WEST}/app" in plan
    assert "in use" in ran("explain", digests[EAST]["used"])
    ran("delete", "--yes", "--journal", "journal")
    assert left(images, monkeypatch) == {region: {digests[region]["used"]} for region in digests}
    ran("restore", "--yes", "journal")
    assert left(images, monkeypatch) == {
        region: set(digests[region].values()) for region in digests
    }


SOURCES_BUT_TWO = [source for source in SOURCES if source.name not in ("ecs", "lambda")]


def config(images: str) -> dict[str, Any]:
    return {
        "targets": {
            "organization": {},
            "scan": {"role": "ecrm-scan", "regions": [EAST, WEST]},
            "registries": [{"account": images, "regions": [EAST, WEST], "role": "ecrm-delete"}],
        },
        "repositories": [{"name_pattern": "*", "expires": "0s"}],
        "guards": {"min_age": "0s"},
    }


def left(images: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    found = {}
    for region in (EAST, WEST):
        with inside(images, region, monkeypatch) as there:
            found[region] = there.digests("app")
    return found
