"""References: every form in which AWS and people write them, as one comparable value."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecrm.errors import NotAReferenceError
from ecrm.model.reference import (
    Reference,
    Registry,
    RepositoryKey,
    display_name,
    is_digest,
    is_of_another_registry,
    looks_like_ecr,
)
from tests.strategies import examples
from tests.values import HOME

DIGEST = "sha256:" + "0123456789abcdef" * 4
ACCOUNT = HOME.account

# Each form of a host that AWS gives or accepts, and the region that it names.
ECR_HOSTS = {
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com": "us-east-1",
    f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com": "us-gov-west-1",
    f"{ACCOUNT}.dkr-ecr.eu-west-1.on.aws": "eu-west-1",
    f"{ACCOUNT}.dkr-ecr-fips.us-east-2.on.aws": "us-east-2",
    f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn": "cn-north-1",
    f"{ACCOUNT}.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn": "cn-northwest-1",
    f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu": "eusc-de-east-1",
    f"{ACCOUNT}.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu": "eusc-de-east-1",
    f"{ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov": "us-iso-east-1",
    f"{ACCOUNT}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov": "us-isob-east-1",
    f"{ACCOUNT}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk": "eu-isoe-west-1",
    f"{ACCOUNT}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov": "us-isof-south-1",
    f"{ACCOUNT}.dkr.ecr.mars-north-1.amazonaws.example": "mars-north-1",
    f"{ACCOUNT}.dkr-ecr-fips.mars-north-1.on.some.new.suffix": "mars-north-1",
}

OTHER_REGISTRIES = [
    "docker.io/library/nginx",
    "registry-1.docker.io/library/nginx",
    "index.docker.io/nginx",
    "registry.hub.docker.com/library/nginx",
    "public.ecr.aws/docker/library/nginx",
    "ecr-public.aws.com/docker/library/nginx",
    "ghcr.io/owner/app",
    "quay.io/owner/app",
    "gcr.io/project/app",
    "eu.gcr.io/project/app",
    "europe-west1-docker.pkg.dev/project/repository/app",
    "name.azurecr.io/app",
    "registry.k8s.io/pause",
    "mcr.microsoft.com/dotnet/runtime",
    "registry.gitlab.com/group/app",
    "docker.elastic.co/beats/filebeat",
    "nvcr.io/nvidia/cuda",
    "nginx",
    "owner/app",
]

UNKNOWN_HOSTS = [
    "registry.example.com/app",
    "registry.example.com:5000/app",
    "localhost/app",
    "localhost:5000/app",
    "10.0.0.1:5000/app",
    "vpce-0a1b2c3d-4e5f.dkr.ecr.eu-west-1.vpce.amazonaws.com/app",
    "12345678901.dkr.ecr.eu-west-1.amazonaws.com/app",  # no account has 11 digits
    "myghcr.io/app",
    "docker.io.example.com/app",
]

NO_REFERENCES = [
    "",
    " ",
    "/",
    "@",
    ":",
    ":tag",
    "@" + DIGEST,
    "App",
    "host.example/",
    "host.example//app",
    "app/",
    "app//web",
    "-app",
    "app-",
    "app.",
    "app..web",
    "app___web",
    "app:",
    "app:.tag",
    "app:-tag",
    "app:tag:tag",
    "app:" + "t" * 301,
    "app:tag with spaces",
    "app\nweb",
    "app@",
    "app@sha256:",
    "app@sha256:" + "0" * 63,
    "app@sha256:" + "0" * 65,
    "app@sha256:" + "A" * 64,
    "app@sha512:" + "0" * 128,
    f"app@{DIGEST}:tag",
    f"app@{DIGEST}@{DIGEST}",
    "app:tag@",
    "ftp://host.example/app",
    "${IMAGE}",
    "<repository>:<tag>",
    "приложение",
]


# -- hosts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("host", "region"), ECR_HOSTS.items())
@pytest.mark.parametrize("port", ["", ":443"])
@pytest.mark.parametrize("scheme", ["", "https://", "http://", "docker://"])
def test_every_form_of_a_host_names_its_registry(scheme, host, region, port):
    reference = Reference.parse(f"{scheme}{host}{port}/team/app:v1")
    assert reference.registry == Registry(ACCOUNT, region)
    assert (reference.repository, reference.tag, reference.digest) == ("team/app", "v1", None)
    assert reference.may_name(Registry(ACCOUNT, region))
    assert not reference.is_elsewhere


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com",
        "123456789012.dkr-ecr.eu-west-1.on.aws",
        "123456789012.dkr-ecr-fips.eu-west-1.on.aws",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443",
        "123456789012.DKR.ECR.EU-WEST-1.AMAZONAWS.COM",
        "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    ],
)
def test_all_hosts_of_a_registry_give_equal_references(host):
    canonical = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1@{DIGEST}"
    reference = Reference.parse(f"{host}/app:v1@{DIGEST}")
    assert reference == Reference.parse(canonical)
    assert str(reference) == canonical


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "123456789012.dkr.ecr.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", "123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", "123456789012.dkr.ecr.us-isof-south-1.csp.hci.ic.gov"),
    ],
)
def test_the_canonical_host_is_that_of_the_partition(region, host):
    registry = Registry(ACCOUNT, region)
    assert registry.host == host
    assert Reference.parse(f"{host}/app").registry == registry
    assert str(registry) == f"{ACCOUNT}/{region}"


@pytest.mark.parametrize("text", OTHER_REGISTRIES)
def test_an_image_of_a_well_known_other_registry_is_elsewhere(text):
    reference = Reference.parse(text)
    assert reference.registry is None
    assert reference.is_elsewhere
    assert not reference.may_name(HOME)


@pytest.mark.parametrize("text", UNKNOWN_HOSTS)
def test_b7_a_host_that_nobody_knows_may_stand_for_any_registry(text):
    reference = Reference.parse(text)
    assert reference.registry is None
    assert reference.repository == "app"
    assert not reference.is_elsewhere
    assert reference.may_name(HOME)


def test_b26_a_registry_is_named_by_account_and_region_together():
    reference = Reference.parse(f"{HOME.host}/app")
    assert reference.may_name(HOME)
    assert not reference.may_name(Registry("210987654321", HOME.region))
    assert not reference.may_name(Registry(HOME.account, "us-east-1"))


# -- repository, tag and digest -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("app", "app", "latest", None),
        ("app:v1", "app", "v1", None),
        (f"app@{DIGEST}", "app", None, DIGEST),
        (f"app:v1@{DIGEST}", "app", "v1", DIGEST),
        ("a/b/c/d:1", "a/b/c/d", "1", None),
        ("d-e---f/a.b_c__d/9:1", "d-e---f/a.b_c__d/9", "1", None),
        ("app:_-.", "app", "_-.", None),
        ("app:" + "t" * 300, "app", "t" * 300, None),
        (f"app:sha256-{'0' * 64}.sig", "app", f"sha256-{'0' * 64}.sig", None),
        ("  app:v1\n", "app", "v1", None),
    ],
)
@pytest.mark.parametrize("host", ["", HOME.host + "/", "localhost:5000/", "registry.example.com/"])
def test_b7_tag_digest_both_or_neither(host, text, repository, tag, digest):
    prefix = text[: len(text) - len(text.lstrip())]
    reference = Reference.parse(f"{prefix}{host}{text.lstrip()}")
    assert (reference.repository, reference.tag, reference.digest) == (repository, tag, digest)


def test_without_a_host_the_first_component_is_part_of_the_name():
    assert Reference.parse("team/app").repository == "team/app"
    assert Reference.parse("team.io/app").repository == "app"


def test_fujiwara_ecrm_gets_a_uri_for_the_tag_and_one_for_the_digest():
    name = f"{HOME.host}/app"
    assert Reference.parse(f"{name}:v1@{DIGEST}").uris() == (f"{name}:v1", f"{name}@{DIGEST}")
    assert Reference.parse(f"{name}@{DIGEST}").uris() == (f"{name}@{DIGEST}",)
    assert Reference.parse(name).uris() == (f"{name}:latest",)


@pytest.mark.parametrize("text", NO_REFERENCES)
def test_text_that_names_no_image_is_refused_and_shown(text):
    with pytest.raises(NotAReferenceError) as refused:
        Reference.parse(text)
    assert str(refused.value) == f"{text!r} is not an image reference"


def test_of_a_long_text_an_error_shows_the_beginning():
    with pytest.raises(NotAReferenceError) as refused:
        Reference.parse("#" * 401)
    assert str(refused.value) == f"'{'#' * 400}'... is not an image reference"
    with pytest.raises(NotAReferenceError) as refused:
        Reference.parse("#" * 400)
    assert str(refused.value) == f"'{'#' * 400}' is not an image reference"


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        (f"{HOME.host}/App", True),
        ("123456789012.dkr-ecr-fips.eu-west-1.on.aws/${NAME}", True),
        ("{{account}}.dkr.ecr.{{region}}.amazonaws.com/app", True),
        ("registry.example.com/App", False),
        ("", False),
    ],
)
def test_text_that_cannot_be_read_may_still_be_meant_for_ecr(text, looks):
    assert looks_like_ecr(text) is looks


def test_a_digest_is_known_by_its_form():
    assert is_digest(DIGEST)
    assert not is_digest(DIGEST[:-1])
    assert not is_digest(DIGEST.upper())
    assert not is_digest("v1")


# -- whatever the text ----------------------------------------------------------------------------

COMPONENTS = st.from_regex(r"[a-z0-9]+((\.|_|__|-{1,3})[a-z0-9]+){0,2}", fullmatch=True)
HOSTS = st.sampled_from(
    [*ECR_HOSTS, "docker.io", "ghcr.io", "localhost", "localhost:5000", "registry.example.com:443"]
)
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}", fullmatch=True)
DIGESTS = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)


@st.composite
def references(draw: st.DrawFn) -> str:
    name = "/".join(draw(st.lists(COMPONENTS, min_size=1, max_size=3)))
    tag = draw(st.none() | TAGS)
    digest = draw(st.none() | DIGESTS)
    host = draw(st.none() | HOSTS)
    return (
        f"{host + '/' if host else ''}{name}"
        f"{':' + tag if tag else ''}{'@' + digest if digest else ''}"
    )


@given(references())
def test_what_was_read_is_read_the_same_again(text):
    reference = Reference.parse(text)
    assert Reference.parse(str(reference)) == reference
    for uri in reference.uris():
        again = Reference.parse(uri)
        assert (again.registry, again.repository) == (reference.registry, reference.repository)
        assert again.tag in (reference.tag, None)
        assert again.digest in (reference.digest, None)


@given(references())
def test_each_part_is_found_again_in_the_text(text):
    reference = Reference.parse(text)
    assert reference.repository in text
    assert (reference.tag or "") in text or reference.tag == "latest"
    assert (reference.digest is not None) == ("@" in text)
    assert reference.tag is not None or reference.digest is not None


PIECES = st.sampled_from(
    [*"/:@.-_ \n\t$", "app", "App", "sha256:", DIGEST, HOME.host, "localhost", "latest", "https://"]
)


@settings(max_examples=examples(500))
@given(st.text() | st.lists(PIECES, max_size=8).map("".join))
@example("\x00")
@example("a" * 100_000)
@example("a-" * 20_000)
@example("a_" * 20_000 + "!")
@example("a/" * 20_000 + "A")
@example("1" * 12 + ".dkr.ecr." + "a-" * 10_000)
def test_b7_any_text_is_a_reference_or_is_refused(text):
    try:
        reference = Reference.parse(text)
    except NotAReferenceError:
        return
    assert Reference.parse(str(reference)) == reference


HERE, THERE = Registry("123456789012", "eu-west-1"), Registry("123456789012", "us-east-1")


@pytest.mark.parametrize(
    ("registries", "name"),
    [
        ([HERE], "team/app"),
        ([HERE, HERE], "team/app"),
        ([HERE, THERE], "123456789012/eu-west-1/team/app"),
        ([THERE], "123456789012/eu-west-1/team/app"),
        ([], "123456789012/eu-west-1/team/app"),
    ],
)
def test_a_repository_is_named_by_its_name_alone_where_no_other_registry_is_planned(
    registries, name
):
    assert display_name(RepositoryKey(HERE, "team/app"), registries) == name


@pytest.mark.parametrize("before", ["x.", "0", "x-"])
def test_a_host_that_only_ends_like_one_of_ecr_may_stand_for_any_registry(before):
    host = f"{before}123456789012.dkr.ecr.us-east-1.amazonaws.com"
    found = Reference.parse(f"{host}/app:v1")
    assert (found.registry, found.host, found.is_elsewhere) == (None, host, False)


@pytest.mark.parametrize("other", ["x{}", "{}0", " {}", "{}\n", "app@{}"])
def test_text_around_a_digest_makes_it_none(other):
    digest = f"sha256:{'0' * 64}"
    assert is_digest(digest)
    assert not is_digest(other.format(digest))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker.io/library/No Name", True),
        ("registry.k8s.io/a b", True),
        ("<none>:<none>", True),
        ("No Name", False),
        ("team/No Name", False),
        ("registry.example.com/No Name", False),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/No Name", False),
    ],
)
def test_malformed_text_is_of_another_registry_only_where_it_says_so(text, expected):
    assert is_of_another_registry(text) is expected
