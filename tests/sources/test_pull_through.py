"""B44: references to a cache of another ECR registry are uses of that one's images, too."""

from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.aws import Target
from ecrm.config import Config
from ecrm.errors import AwsError
from ecrm.model.pull_through import PullThrough
from ecrm.model.reference import Registry, RepositoryKey
from ecrm.model.scan import ReadStatus, Scan
from ecrm.model.use import Use
from ecrm.registry.pull_through import pull_through_rules
from ecrm.sources import scan
from ecrm.sources.pull_through import with_origins
from ecrm.sources.questions import Questions
from tests.fake_aws import FOREVER, FakeAws, Fault
from tests.stubs import Stubs, new_session
from tests.values import NOW, digest, use_of

CENTRAL = Registry("111111111111", "eu-west-1")
WEB = Registry("222222222222", "eu-west-1")
DATA = Registry("333333333333", "us-east-1")


def rule(prefix: str, upstream_prefix: str, upstream: Registry = CENTRAL) -> PullThrough:
    return PullThrough(WEB, prefix, upstream, upstream_prefix)


def origins(reference: str, *rules: PullThrough) -> list[str]:
    first, *rest = with_origins([use_of(reference)], rules)
    assert first == use_of(reference)
    return [str(use.reference) for use in rest]


@pytest.mark.parametrize(
    ("prefix", "upstream_prefix", "cached", "origin"),
    [
        ("central", "", "central/app:v1", "app:v1"),
        ("central", "", "central/a/b:v1", "a/b:v1"),
        ("central", "prod", "central/app:v1", "prod/app:v1"),
        ("", "prod", "app:v1", "prod/app:v1"),
        ("", "", "app:v1", "app:v1"),
        ("a/b", "c/d", "a/b/app:v1", "c/d/app:v1"),
        ("central", "", "centralapp:v1", None),
        ("central", "", "central:v1", None),
        ("central", "", "other/central/app:v1", None),
    ],
)
def test_a_name_in_the_cache_is_a_name_upstream(prefix, upstream_prefix, cached, origin):
    found = origins(f"{WEB.host}/{cached}", rule(prefix, upstream_prefix))
    assert found == ([f"{CENTRAL.host}/{origin}"] if origin else [])


def test_tag_and_digest_are_those_upstream():
    image = f"app:v1@sha256:{'0' * 64}"
    assert origins(f"{WEB.host}/c/{image}", rule("c", "")) == [f"{CENTRAL.host}/{image}"]


def test_a_host_that_may_be_any_registry_may_be_the_cache():
    assert origins("proxy.example/c/app:v1", rule("c", "")) == [f"{CENTRAL.host}/app:v1"]
    assert origins(f"{DATA.host}/c/app:v1", rule("c", "")) == []
    assert origins("docker.io/c/app:v1", rule("c", "")) == []


def test_every_rule_that_fits_counts():
    found = origins(f"{WEB.host}/c/app:v1", rule("c", ""), rule("", "x", DATA))
    assert sorted(found) == [f"{CENTRAL.host}/app:v1", f"{DATA.host}/x/c/app:v1"]


def test_a_cache_of_a_cache_leads_to_the_first_registry_and_a_circle_ends():
    second = PullThrough(CENTRAL, "", DATA, "deep")
    back = PullThrough(DATA, "", WEB, "")
    found = origins(f"{WEB.host}/c/app:v1", rule("c", ""), second)
    assert found == [f"{CENTRAL.host}/app:v1", f"{DATA.host}/deep/app:v1"]
    circle = origins(f"{WEB.host}/c/app:v1", rule("", ""), PullThrough(CENTRAL, "", WEB, ""), back)
    assert circle == [f"{CENTRAL.host}/c/app:v1"]


def test_the_use_says_through_which_cache():
    _, found = with_origins([use_of(f"{WEB.host}/c/app:v1")], [rule("c", "")])
    step = f"{WEB.host}/c/app:v1 through the pull-through cache of {WEB}"
    assert str(found) == f"somebody (listed) → {step}"


@pytest.mark.parametrize(
    ("upstream_prefix", "repository", "cached"),
    [("", "app", True), ("prod", "prod/app", True), ("prod", "prodapp", False)],
)
def test_which_repositories_a_rule_caches(upstream_prefix, repository, cached):
    assert rule("c", upstream_prefix).caches(RepositoryKey(CENTRAL, repository)) is cached
    assert not rule("c", upstream_prefix).caches(RepositoryKey(DATA, repository))


# -- reading the rules ----------------------------------------------------------------------------


def row(url: str = CENTRAL.host, **more: Any) -> dict[str, Any]:
    return {"ecrRepositoryPrefix": "cache", "upstreamRegistryUrl": url, **more}


def rules_from(*rows: dict[str, Any]) -> list[PullThrough]:
    with Stubs() as aws:
        aws.otherwise("DescribePullThroughCacheRules", {"pullThroughCacheRules": list(rows)})
        return list(pull_through_rules(aws.target))


def test_what_a_rule_says():
    (plain, rooted, deep) = rules_from(
        row(),
        row(ecrRepositoryPrefix="ROOT", upstreamRepositoryPrefix="ROOT", upstreamRegistry="ecr"),
        row(f"{DATA.host}/", ecrRepositoryPrefix="a/b/", upstreamRepositoryPrefix="xy/"),
    )
    assert (plain.prefix, plain.upstream, plain.upstream_prefix) == ("cache", CENTRAL, "")
    assert (rooted.prefix, rooted.upstream_prefix) == ("", "")
    assert (deep.prefix, deep.upstream, deep.upstream_prefix) == ("a/b", DATA, "xy")


@pytest.mark.parametrize("url", ["public.ecr.aws", "registry-1.docker.io", "x.azurecr.io", "?"])
def test_other_upstream_registries_are_left_out(url):
    assert rules_from(row(url, upstreamRegistry="docker-hub"), row(url)) == []


@pytest.mark.parametrize("url", ["111111111111.dkr.example", "?", ""])
def test_b35_an_upstream_of_ecr_that_is_not_understood_is_an_error(url):
    with pytest.raises(AwsError, match="is no registry that ecrm knows; upgrade ecrm"):
        rules_from(row(url, upstreamRegistry="ecr"))


# -- in a scan ------------------------------------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    with FakeAws() as fake:
        for name, value in fake.env().items():
            monkeypatch.setenv(name, value)
        yield fake


def scanned(aws: FakeAws, *registries: Registry, files: tuple[str, ...] = (), **more: Any) -> Scan:
    targets = []
    for registry in registries:
        settings = aws.client_args(registry.account, registry.region)
        del settings["endpoint_url"]  # the variable says it
        targets.append(Target(registry, new_session(**settings)))
    return scan(targets, Config(), files, NOW, lambda _: None, **more)


def run_cached(aws: FakeAws) -> None:
    """WEB runs an image of CENTRAL from its own cache."""
    account = aws.account(WEB.account, WEB.region)
    account.ecr.pull_through_rules.append(row(upstreamRegistry="ecr"))
    definition = account.ecs.task_definition("web", f"{WEB.host}/cache/app:v1")
    account.ecs.cluster("prod").service("web", definition)
    aws.account(CENTRAL.account, CENTRAL.region)


def upstream(uses: tuple[Use, ...]) -> set[str]:
    return {use.reference.repository for use in uses if use.reference.registry == CENTRAL}


def test_an_image_that_runs_from_a_cache_is_in_use_upstream(aws: FakeAws):
    run_cached(aws)
    found = scanned(aws, CENTRAL, WEB)
    assert upstream(found.uses) == {"app"}
    assert found.pull_through == (rule("cache", ""),)
    assert not found.unread


def test_files_may_name_a_cache_too(aws: FakeAws, tmp_path):
    run_cached(aws)
    file = tmp_path / "uses.json"
    file.write_text(f'["{WEB.host}/cache/job:v1"]')
    found = scanned(aws, CENTRAL, WEB, files=(str(file),), services=False)
    assert upstream(found.uses) == {"job"}


def test_one_target_is_its_own_registry_alone_so_its_rules_are_not_read(aws: FakeAws):
    run_cached(aws)
    assert scanned(aws, WEB).pull_through == ()
    assert not aws.calls.of("ecr", "DescribePullThroughCacheRules")


def test_rules_that_cannot_be_read_are_a_hole_of_their_target(aws: FakeAws):
    run_cached(aws)
    denied = Fault.denied()
    name = "DescribePullThroughCacheRules"
    aws.fault("ecr", name, denied, times=FOREVER, account=WEB.account)
    (report,) = [one for one in scanned(aws, CENTRAL, WEB).source_reports if one.unread]
    assert (report.registry, report.source) == (WEB, "pull-through cache")
    assert report.status is ReadStatus.DENIED


def test_no_question_waits_where_its_image_may_be_one_upstream(aws: FakeAws):
    """A question names images in the cache, and is asked of repositories by their name."""
    run_cached(aws)
    made = aws.account(WEB.account, WEB.region).lambda_
    job = made.function("job", f"{WEB.host}/cache/v0:v0", digest=digest("v0"))
    job.alias("live", job.publish())
    for name in (f"v{number}" for number in range(1, 9)):
        made.update(job, f"{WEB.host}/cache/{name}:{name}", digest=digest(name))
        job.publish()
    questions = Questions()
    found = scanned(aws, CENTRAL, WEB, questions=questions)
    assert {"v0", "v8", "app"} <= upstream(found.uses)
    assert not questions.name("cache/v0")
