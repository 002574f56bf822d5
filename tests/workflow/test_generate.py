"""A first ecrm.yaml: few rules, every name covered, and nothing that needs correcting."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.config import Config
from ecrm.config.targets import Access, Organization, RegistryEntry, Targets
from ecrm.errors import AccessDenied
from ecrm.model.reference import RepositoryKey
from ecrm.workflow.configuration import parse
from ecrm.workflow.generate import Names, config_text, patterns, read_names
from tests.stubs import ACCOUNT, REGISTRY, Stubs

ARN = "arn:aws:ecs:us-east-1:123456789012"
# What YAML 1.1 takes for a boolean, null, a number, a date or a key when it is not quoted.
ODD = (
    *("on", "off", "yes", "no", "true", "false", "null", "Null", "1", "007", "0x1f", "0b1"),
    *("1.10", "1e3", "1.5e+3", ".5", "1_000", "190-20", "2026-03-01", "-", "--", "---", "_"),
    *("-1", ".inf", ".nan", "a-", "a_"),
)
NAME = st.one_of(
    st.sampled_from(ODD),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9/_.-]{0,12}", fullmatch=True),
)


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


def entries(*names: str) -> list[dict[str, str]]:
    return patterns(names)


def body(text: str) -> str:
    """Without comments and empty lines."""
    lines = text.splitlines()
    return "\n".join(line for line in lines if line and not line.startswith("#"))


# Names


def test_names_that_share_a_prefix_become_one_pattern():
    assert entries("prod/api", "prod/web") == [{"name_pattern": "prod/*"}]


@pytest.mark.parametrize("separator", ["/", "_", "-"])
def test_a_prefix_ends_with_the_first_slash_or_without_one_the_first_underscore_or_dash(separator):
    names = [f"prod{separator}{rest}" for rest in ("a", "c_d", "e-f")]
    assert entries(*names) == [{"name_pattern": f"prod{separator}*"}]


def test_a_folder_counts_before_a_dash_and_what_matches_more_comes_last():
    names = ("data-a", "data-b", "data-eng/x", "data-eng/y", "data-ops/z")
    assert entries(*names) == [
        {"name_pattern": "data-eng/*"},
        {"name": "data-ops/z"},
        {"name_pattern": "data-*"},
    ]


def test_no_other_character_ends_a_prefix():
    assert entries("a.b", "a.c") == [{"name": "a.b"}, {"name": "a.c"}]


def test_a_name_that_shares_its_prefix_with_none_is_left_as_it_is():
    assert entries("prod/api", "tools-ci", "web") == [
        {"name": "prod/api"},
        {"name": "tools-ci"},
        {"name": "web"},
    ]


def test_separators_are_distinguished():
    assert entries("prod/a", "prod-b", "prod_c") == [
        {"name": "prod-b"},
        {"name": "prod/a"},
        {"name": "prod_c"},
    ]


def test_the_bare_name_of_a_prefix_is_not_covered_by_its_pattern():
    assert entries("prod", "prod-a", "prod-b") == [{"name": "prod"}, {"name_pattern": "prod-*"}]


def test_entries_are_in_the_order_of_the_names_whatever_the_order_of_the_listing():
    expected = [{"name": "a"}, {"name_pattern": "m/*"}, {"name": "z"}]
    assert entries("z", "m/2", "a", "m/1") == expected
    assert entries("m/1", "a", "m/2", "z") == expected


def test_a_name_that_is_listed_twice_is_no_prefix_of_two():
    assert entries("prod/a", "prod/a") == [{"name": "prod/a"}]


def test_no_names_no_entries():
    assert entries() == []


# The file


def test_the_whole_file():
    names = Names(
        repositories=("shop/api", "shop/web", "tools"),
        resources={
            "clusters": ("prod",),
            "task_definitions": ("web-api", "web-front", "batch"),
            "lambda_functions": ("thumbnails",),
        },
    )
    assert (
        body(config_text(names))
        == """\
repositories:
  - name_pattern: shop/*
    expires: 30d
    keep_count: 5
  - name: tools
    expires: 30d
    keep_count: 5"""
    )


def test_what_would_be_the_default_anyway_is_a_comment():
    resources = {"clusters": ("prod",), "task_definitions": ("web-api", "web-front", "batch")}
    text = config_text(Names(("api",), resources))
    assert (
        """
# task_definitions:
#   - name: batch
#     keep_count: 5
#   - name_pattern: web-*
#     keep_count: 5
"""
        in text
    )
    assert "clusters:" not in text
    assert "lambda_functions:" not in text


def test_the_file_of_an_empty_account_can_be_read():
    text = config_text(Names())
    assert body(text) == "repositories: []"
    assert parse(text, "ecrm.yaml").repositories == ()


def test_the_file_says_what_it_is_before_anything_else():
    modeline, _, _, said, *_ = config_text(Names()).splitlines()
    assert modeline == "# yaml-language-server: $schema=ecrm.schema.json"
    assert said.startswith("# Written by `ecrm generate`.")


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_yaml_takes_for_something_else_is_quoted(name):
    """fujiwara/ecrm and everything else that reads YAML must see the same text."""
    config = read(everywhere(name))
    assert not any(config.history.values())
    assert [(str(rule.name), rule.name.is_glob) for rule in config.repositories] == [(name, False)]


@pytest.mark.parametrize("name", ["on", "1.10", "2026-03-01", "null", "-"])
def test_quotes_are_there_for_readers_of_other_languages_too(name):
    assert f"- name: '{name}'" in config_text(Names((name,)))


@settings(max_examples=40)
@given(st.lists(NAME, min_size=1, max_size=12))
def test_what_is_written_is_read_without_a_warning_and_covers_every_name(names):
    config = read(everywhere(*names))
    for name in names:
        rule = config.rule_for(RepositoryKey(REGISTRY, name))
        assert rule is not None
        assert (rule.expires.days, rule.keep_count, rule.keep_tag_patterns) == (30, 5, ("latest",))


def everywhere(*names: str) -> Names:
    """The same names for repositories and for all resources."""
    return Names(names, dict.fromkeys(("clusters", "task_definitions", "lambda_functions"), names))


def read(names: Names) -> Config:
    config = parse(config_text(names), "ecrm.yaml")
    assert config.warnings == ()
    return config


def test_an_organization_is_written_as_targets():
    config = read(Names(("web",), accounts=12, registry=REGISTRY))
    assert config.targets == Targets(
        Organization(),
        scan=Access(("ecrm-scan",)),
        registries=(RegistryEntry(REGISTRY.account, (REGISTRY.region,)),),
    )
    text = config_text(Names(accounts=12, registry=REGISTRY))
    assert "# All 12 accounts of the organization are scanned" in text


# The account


def test_the_names_are_those_of_all_pages_of_what_the_account_holds(aws):
    first = {"clusterArns": [f"{ARN}:cluster/prod"], "nextToken": "2"}
    aws.answer("ListClusters", first, maxResults=100)
    second = {"clusterArns": [f"{ARN}:cluster/stage"]}
    aws.answer("ListClusters", second, maxResults=100, nextToken="2")
    active = {"status": "ACTIVE", "maxResults": 100}
    aws.answer("ListTaskDefinitionFamilies", {"families": ["web"], "nextToken": "2"}, **active)
    aws.answer("ListTaskDefinitionFamilies", {"families": ["api"]}, **active, nextToken="2")
    images = [{"FunctionName": "thumbs", "Version": "$LATEST", "PackageType": "Image"}]
    aws.answer("ListFunctions", {"Functions": images, "NextMarker": "2"})
    zipped = [{"FunctionName": "zipped", "Version": "$LATEST", "PackageType": "Zip"}]
    aws.answer("ListFunctions", {"Functions": zipped}, Marker="2")
    where = {"registryId": ACCOUNT, "maxResults": 1000}
    repositories = [{"repositoryName": "shop/web"}, {"repositoryName": "shop/api"}]
    aws.answer("DescribeRepositories", {"repositories": repositories}, **where)
    progress: list[str] = []
    assert read_names(aws.target, progress.append) == Names(
        repositories=("shop/api", "shop/web"),
        resources={
            "clusters": ("prod", "stage"),
            "task_definitions": ("web", "api"),
            "lambda_functions": ("thumbs",),
        },
    )
    assert progress == [
        "ecs: clusters, task_definitions",
        "lambda: lambda_functions",
        "ECR: repositories",
    ]


def test_names_that_may_not_be_listed_are_not_left_out(aws):
    """B11."""
    aws.otherwise("ListClusters", {"clusterArns": []})
    aws.otherwise_refuse("ListTaskDefinitionFamilies", "AccessDeniedException")
    with pytest.raises(AccessDenied, match="ecs:ListTaskDefinitionFamilies is denied"):
        read_names(aws.target, print)
