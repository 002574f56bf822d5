"""Whatever is wrong with what we are given: exit code 2 or 1, one line, and not one call to AWS."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shop
from tests.cli.driving import HOST, Ecrm
from tests.fake_aws import FakeAws, days_ago

# ecrm.yaml -> what follows `ecrm.yaml:`
MISTAKES = {
    "": " is empty; `ecrm generate` writes one that is not",
    "- a": "1: is not a map; begin with 'repositories:'",
    "repositories: [": (
        "1: not YAML: while parsing a flow node, expected the node content, but found "
        "'<stream end>'"
    ),
    "repositories:\n- name: a\n": "2: repositories[0]: needs 'expires', a duration such as 30d",
    "repositories:\n- expires: 30d\n": "2: repositories[0]: needs one of name and name_pattern",
    "repositories:\n- name: a\n  name_pattern: a*\n  expires: 30d\n": (
        "2: repositories[0]: has both name and name_pattern; remove one of the two"
    ),
    "repositories:\n- name: a\n  expires: 30\n": (
        "3: repositories[0].expires: 30 has no unit; write 30d"
    ),
    "repositories:\n- name: a\n  expires: 30x\n": (
        "3: repositories[0].expires: '30x' has the unknown unit 'x'; write s, m, h, d or w, or "
        "month or year"
    ),
    "repositories:\n- name: a\n  expires: -30d\n": (
        "3: repositories[0].expires: '-30d' has a sign, and a duration has none; write 30d"
    ),
    "repositories:\n- name: a\n  expires: 1M\n": (
        "3: repositories[0].expires: '1M' may mean minutes or months; write 'min' or 'months'"
    ),
    "repositories:\n- name: a\n  expires: soon\n": (
        "3: repositories[0].expires: invalid duration 'soon'; expected, for example, 30d, 12h or "
        "1 year 2 months"
    ),
    "repositories:\n- name: a\n  expires:\n": (
        "3: repositories[0].expires: has no value; write a duration such as 30d, or remove it"
    ),
    "repositories:\n- name: a\n  expires: 30d\n  keep_count: -1\n": (
        "4: repositories[0].keep_count: -1 is not a whole number from 0 to 999999999; "
        "expected, for example, 3"
    ),
    "repositories:\n- name: a\n  expires: 30d\n  keep_count: many\n": (
        "4: repositories[0].keep_count: is the text 'many' here, not a whole number"
    ),
    "repositories:\n- name: a\n  expires: 30d\n  keep_tag_patterns: latest\n": (
        "4: repositories[0].keep_tag_patterns: is the text 'latest' here, not a list of text; "
        "begin each item with '- '"
    ),
    "repositories:\n- name: a\n  expires: 30d\n  keep_tag_patterns: [1.10]\n": (
        "4: repositories[0].keep_tag_patterns[0]: is the number 1.10 here, whose text may be lost; "
        "quote it: '1.10'"
    ),
    "repositories:\n- name: yes\n  expires: 30d\n": (
        "2: repositories[0].name: is the boolean true here, whose text may be lost; quote it: 'yes'"
    ),
    "repositories:\n- name: a\n  expire: 30d\n": (
        "3: repositories[0]: unknown key 'expire'; did you mean 'expires'?"
    ),
    "repositries: []\n": "1: unknown key 'repositries'; did you mean 'repositories'?",
    "repositories:\n- name: a\n  expires: 30d\n  action: burn\n": (
        "4: repositories[0].action: 'burn' is not known here; write delete or archive"
    ),
    "repositories:\n- name: a\n  expires: 30d\n  allow_unscanned: 1\n": (
        "4: repositories[0].allow_unscanned: is the number 1 here, not true or false"
    ),
    "repositories:\n- name: a\n  name: b\n  expires: 30d\n": (
        "3: repositories[0].name: given in line 2 already; remove one of the two"
    ),
    "repositories: []\n---\nrepositories: []\n": (
        "3: a second document; write one document and no further ---"
    ),
    "guards:\n  max_percent: 101\n": (
        "2: guards.max_percent: 101 is not a percentage; expected a number from 0 to 100"
    ),
    "guards:\n  max_bytes: 10 XB\n": (
        "2: guards.max_bytes: '10 XB' has the unknown unit 'xb'; write B, KB, MB, GB or TB"
    ),
    "clusters:\n- exclude: true\n": "2: clusters[0]: needs one of name and name_pattern",
    "clusters:\n- name: a\n  exclude: yes\n": (
        "3: clusters[0].exclude: 'yes' is not a boolean in all YAML versions; write true or false"
    ),
    "external_commands:\n- command: ls\n": (
        "2: external_commands[0].command: is not a list of text; begin each item with '- '"
    ),
    "external_commands:\n- command: []\n": (
        "2: external_commands[0].command: names no program; write one such as [path/to/command, "
        "argument]"
    ),
    "external_commands:\n- command: [ls]\n  env: {A: 1.10}\n": (
        "3: external_commands[0].env.A: is a number or a boolean whose text may be lost; quote it"
    ),
}


@pytest.mark.parametrize(("text", "problem"), MISTAKES.items())
def test_a_mistake_in_ecrm_yaml_is_reported_with_file_line_key_and_cure_before_any_call(
    ecrm: Ecrm, shop: Shop, text: str, problem: str
):
    Path("ecrm.yaml").write_text(text)
    ran = ecrm("delete", "--force")
    assert (ran.code, ran.out) == (2, "")
    assert ran.errors == [f"ecrm: error: ecrm.yaml:{problem}"]
    assert not shop.aws.calls


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"repositories: []\n# \xff\n", "2: not UTF-8: byte 0xff; save the file as UTF-8"),
        (b"a: \x00", "1: not YAML: the character U+0000 is not allowed"),
    ],
)
def test_a_configuration_that_is_not_text_is_reported(
    ecrm: Ecrm, aws: FakeAws, content: bytes, problem: str
):
    Path("ecrm.yaml").write_bytes(content)
    ran = ecrm("plan")
    assert (ran.code, ran.errors) == (2, [f"ecrm: error: ecrm.yaml:{problem}"])
    assert not aws.calls


@pytest.mark.parametrize(
    "command", ["plan", "scan", "snapshot", "delete --force", "explain api:v1"]
)
def test_every_command_reads_the_configuration_before_it_calls_aws(
    ecrm: Ecrm, aws: FakeAws, command: str
):
    ran = ecrm("-c", "no.yaml", *command.split())
    assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
    Path("no.yaml").mkdir()
    ran = ecrm("-c", "no.yaml", *command.split())
    assert ran.errors == ["ecrm: error: no.yaml: is a directory; name a file with --config"]
    assert not aws.calls


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["plann"], "No such command 'plann'"),
        (["plan", "--formt", "json"], "No such option '--formt'"),
        (["plan", "extra"], "Got unexpected extra argument (extra)"),
        (["plan", "--format", "xml"], "'xml' is not one of 'text', 'table', 'json'"),
        (["plan", "--min-age", "1M"], "'1M' may mean minutes or months"),
        (["plan", "--max-images", "-1"], "-1 is not in the range x>=0"),
        (["plan", "--max-percent", "101"], "101 is not in the range 0<=x<=100"),
        (["plan", "--max-bytes", "1 XB"], "has the unknown unit 'xb'"),
        (
            ["plan", "--now", "soon"],
            "invalid time 'soon'; expected, for example, 2026-11-22 or +30d",
        ),
        (["plan", "--action", "keep"], "'keep' is not one of 'delete', 'archive'"),
        (["explain"], "Missing argument 'IMAGE'"),
        (["restore"], "Missing argument 'JOURNAL'"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_a_usage_error(
    ecrm: Ecrm, aws: FakeAws, arguments: list[str], problem: str
):
    ran = ecrm(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert problem in ran.err
    assert not aws.calls


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff", "cannot be read: it is not UTF-8 text"),
        (b"", "this is no JSON array of image URIs: Expecting value: line 1 column 1 (char 0)"),
        (b'{"a": 1}', "this is no JSON array of image URIs"),
        (b"[1]", "entry 0 is not text: 1"),
        (b'["a", "B C"]', "entry 1: 'B C' is not an image reference"),
    ],
)
def test_b11_a_scanned_file_that_cannot_be_read_stops_everything(
    ecrm: Ecrm, shop: Shop, content: bytes | None, problem: str
):
    if content is not None:
        Path("scan.json").write_bytes(content)
    ran = ecrm("delete", "--force", "--scanned-files", "scan.json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.errors == [f"ecrm: error: scan.json: {problem}"]
    assert not shop.aws.calls.of("ecr")


def test_b7_references_of_every_form_in_a_scanned_file_protect(ecrm: Ecrm, aws: FakeAws):
    api = aws.ecr.repository("shop/api")
    ours = (
        "{host}/shop/api:{tag}",
        "{host}/shop/api@{digest}",
        "{host}/shop/api:whatever@{digest}",
        "https://{host}/shop/api:{tag}",
        "123456789012.dkr-ecr.us-east-1.on.aws/shop/api:{tag}",
        "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/shop/api:{tag}",
        "registry.example.com:5000/shop/api@{digest}",
    )
    others = (
        "999999999999.dkr.ecr.us-east-1.amazonaws.com/shop/api:{tag}",
        "123456789012.dkr.ecr.us-east-2.amazonaws.com/shop/api:{tag}",
        "shop/api:{tag}",  # Docker Hub
        "public.ecr.aws/shop/api@{digest}",
        "{host}/other/api:{tag}",
    )
    uris = {}
    for number, form in enumerate((*ours, *others)):
        image = api.push(f"v{number}", pushed=days_ago(60))
        uris[form.format(host=HOST, tag=f"v{number}", digest=image.digest)] = image
    Path("scan.json").write_text(json.dumps(list(uris)))
    assert ecrm("delete", "--force", "--scanned-files", "scan.json").code == 0
    assert [image in api for image in uris.values()] == [True] * len(ours) + [False] * len(others)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["plan", "--nope"],
            (
                "No such option '--nope'. (Did you mean one of: '--no-cache', '--now', '--top'?); "
                "see: ecrm plan --help"
            ),
        ),
        (["nope"], "No such command 'nope'; see: ecrm --help"),
        (["explain"], "Missing argument 'IMAGE'; see: ecrm explain --help"),
    ],
)
def test_a_wrong_option_or_argument_is_one_line(
    ecrm: Ecrm, aws: FakeAws, arguments: list[str], line: str
):
    ran = ecrm(*arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", f"ecrm: error: {line}\n")
    assert not aws.calls
