"""ecrm.yaml: what it means, and the one line for each way to get it wrong."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecrm.config import Config, ExternalCommand, Guards, History, parse_bytes, parse_duration
from ecrm.config.document import MapNode, read_document
from ecrm.config.owners import Owners
from ecrm.config.problems import Problems
from ecrm.config.schema import Key, Section
from ecrm.config.targets import RegistryEntry
from ecrm.config.values import BYTES
from ecrm.errors import ConfigError
from ecrm.model.pattern import NamePattern, glob_matches
from ecrm.model.pricing import Price
from ecrm.model.reference import RepositoryKey
from ecrm.model.rule import Action, Rule
from ecrm.workflow.configuration import SECTIONS, from_bytes, load, parse
from tests.stubs import REGISTRY

EXAMPLE = Path(__file__).parents[2] / "ecrm.yaml.example"
LITERALLY = "literally named so; did you mean name_pattern?"
RULE = "repositories: [{name: a, expires: 30d}]\n"

FINGERPRINT = "71976158fd3919a9ad6dbf1d72334a5aab024390864b775e763465c6c93a2a35"
FUJIWARA_README = """\
clusters:
  - name: my-cluster
  - name_pattern: "prod*"
  - name_pattern: "dev*"
task_definitions:
  - name: "*"
    keep_count: 3
lambda_functions:
  - name: "*"
    keep_count: 3
external_commands:
  - command: ["path/to/command", "arg1", "arg2"]
    timeout: 30s
    env:
      AWS_REGION: "us-west-2"
repositories:
  - name_pattern: "prod/*"
    expires: 90days
    keep_tag_patterns:
      - latest
  - name_pattern: "dev/*"
    expires: 30days
"""


def read(text: str) -> Config:
    return parse(text, "ecrm.yaml")


def problem(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert caught.value.exit_code == 2
    return str(caught.value)


def rule(keys: str) -> Rule:
    return read(f"repositories:\n- {{name: a, expires: 1d, {keys}}}").repositories[0]


def glob(text: str) -> NamePattern:
    return NamePattern(text, is_glob=True)


def name(text: str) -> NamePattern:
    return NamePattern(text, is_glob=False)


class TestWhatIsRead:
    def test_the_readme_example_of_fujiwara_ecrm_loads_unchanged(self):
        config = read(FUJIWARA_README)
        assert config.entries("clusters") == (
            History(name("my-cluster")),
            History(glob("prod*")),
            History(glob("dev*")),
        )
        assert config.entries("task_definitions") == (History(name("*"), keep_count=3),)
        assert config.entries("lambda_functions") == (History(name("*"), keep_count=3),)
        assert config.external_commands == (
            ExternalCommand(
                command=("path/to/command", "arg1", "arg2"),
                env={"AWS_REGION": "us-west-2"},
                timeout=timedelta(seconds=30),
            ),
        )
        assert config.repositories == (
            Rule(glob("prod/*"), timedelta(days=90)),
            Rule(glob("dev/*"), timedelta(days=30)),
        )
        assert config.warnings == (
            (
                "ecrm.yaml:6: task_definitions[0].name: '*' matches only a task definition "
                f"{LITERALLY}"
            ),
            (
                "ecrm.yaml:9: lambda_functions[0].name: '*' matches only a Lambda function "
                f"{LITERALLY}"
            ),
        )

    def test_every_key_of_a_rule(self):
        text = """
            repositories:
            - name_pattern: 'prod/*'
              expires: 1 year 2 months
              keep_count: 7
              keep_tag_patterns: [v*, 'release-?']
              keep_pulled_within: 2w
              delete_artifacts: true
        """
        assert read(text).repositories == (
            Rule(
                glob("prod/*"),
                expires=timedelta(days=425),
                keep_count=7,
                keep_tag_patterns=("v*", "release-?"),
                keep_pulled_within=timedelta(weeks=2),
                delete_artifacts=True,
            ),
        )

    def test_what_a_rule_does_not_say_has_a_default(self):
        assert rule("") == Rule(
            name("a"),
            expires=timedelta(days=1),
            keep_count=0,
            keep_tag_patterns=("latest",),
            keep_pulled_within=None,
            delete_artifacts=False,
        )

    def test_the_other_keys_of_an_external_command(self):
        command = read("external_commands: [{command: [a, ''], dir: /b}]").external_commands[0]
        assert command == ExternalCommand(("a", ""), env={}, dir="/b", timeout=None)

    def test_a_timeout_of_nothing_is_none_as_in_fujiwara_ecrm(self):
        config = read("external_commands: [{command: [a], timeout: 0s}]")
        assert config.external_commands[0].timeout is None

    def test_an_environment_cannot_be_changed_later(self):
        command = read("external_commands: [{command: [a], env: {B: c}}]").external_commands[0]
        with pytest.raises(TypeError):
            command.env["B"] = "d"  # type: ignore[index]

    @pytest.mark.parametrize("empty", ["", "null", "~", "[]"])
    @pytest.mark.parametrize("section", [name for name in SECTIONS if SECTIONS[name].is_list])
    def test_an_absent_or_null_section_is_empty(self, section, empty):
        config = read(f"{section}: {empty}")
        entries = config.history[section] if SECTIONS[section].is_history else None
        assert (getattr(config, section) if entries is None else entries) == ()

    @pytest.mark.parametrize("text", ["clusters: []", "guards:", "guards: {}"])
    def test_the_guards_that_never_stop_an_honest_run_are_on_by_default(self, text):
        assert read(text).guards == Guards(
            min_age=timedelta(days=1),
            max_in_use_drop=50,
            missing_in_use=True,
            nothing_in_use=True,
            max_images=None,
            max_percent=None,
            max_bytes=None,
            in_use_max_age=timedelta(minutes=10),
            scanned_files_max_age=None,
        )

    def test_every_guard_can_be_set(self):
        text = """
            guards:
              min_age: 2h
              max_in_use_drop: 100
              missing_in_use: false
              nothing_in_use: false
              max_images: 5
              max_percent: 80
              max_bytes: 10GB
              in_use_max_age: 0s
              scanned_files_max_age: 1d
        """
        assert read(text).guards == Guards(
            timedelta(hours=2),
            100,
            False,
            False,
            5,
            80,
            10 * 1000**3,
            timedelta(0),
            timedelta(days=1),
        )

    def test_a_rule_can_archive_and_delete_later(self):
        text = (
            "repositories: [{name: a, expires: 1d, action: archive, delete_archived_after: 90d, "
            "allow_unscanned: true}]"
        )
        rule = read(text).repositories[0]
        assert (rule.action, rule.delete_archived_after, rule.allow_unscanned) == (
            Action.ARCHIVE,
            timedelta(days=90),
            True,
        )

    @pytest.mark.parametrize("section", ["clusters", "task_definitions", "lambda_functions"])
    def test_an_entry_without_keep_count_keeps_five(self, section):
        assert read(f"{section}: [name: a]").entries(section) == (History(name("a"), 5),)

    def test_an_entry_can_be_excluded(self):
        config = read("clusters: [{name: a, exclude: true}, {name_pattern: '*', exclude: False}]")
        assert config.entries("clusters") == (History(name("a"), exclude=True), History(glob("*")))

    def test_the_first_entry_that_matches_applies(self):
        config = read("""
            repositories: [{name_pattern: 'a*', expires: 1d}, {name: ab, expires: 2d}]
            clusters: [{name: ab}, {name_pattern: 'a*', exclude: true}]
        """)
        assert config.rule_for(RepositoryKey(REGISTRY, "ab")) == config.repositories[0]
        assert config.rule_for(RepositoryKey(REGISTRY, "b")) is None
        assert config.entry_for("clusters", "ab") == config.entries("clusters")[0]
        assert config.entry_for("clusters", "ac") == config.entries("clusters")[1]
        assert config.entry_for("clusters", "b") is None

    def test_anchors_and_merge_keys_are_resolved_and_an_explicit_key_wins(self):
        config = read("""
            repositories:
            - &base {name: a, expires: 1d, keep_count: &n 3}
            - {name: b, <<: *base, keep_count: 4}
            - {<<: [{name: c}, *base]}
            - {name: d, expires: 2d, keep_count: *n}
        """)
        assert config.repositories == (
            Rule(name("a"), timedelta(days=1), 3),
            Rule(name("b"), timedelta(days=1), 4),
            Rule(name("c"), timedelta(days=1), 3),
            Rule(name("d"), timedelta(days=2), 3),
        )

    def test_a_number_or_a_boolean_is_a_text_where_nothing_is_lost(self):
        config = read("""
            external_commands: [{command: [a, 8080, 1.5], env: {A: 10, B: true, C: -3, D: 0.25}}]
            repositories: [{name: 123, expires: 1d, keep_tag_patterns: [2024, false, 1.25]}]
            files: [1]
        """)
        (command,), (rule,) = config.external_commands, config.repositories
        assert command.command == ("a", "8080", "1.5")
        assert command.env == {"A": "10", "B": "true", "C": "-3", "D": "0.25"}
        assert rule == Rule(name("123"), timedelta(days=1), 0, ("2024", "false", "1.25"))
        assert config.files == ("1",)

    def test_keys_that_begin_with_x_are_the_users_own(self):
        text = """
            x-default: &default {expires: 1d, x-why: {as: agreed}}
            repositories: [{name: a, <<: *default, x-expires: 9d}]
            guards: {x-max_images: 3}
            check: {x-rule: 1, budget: {x-price: 1}}
        """
        plain = "repositories: [{name: a, expires: 1d}]"
        assert read(text).repositories == (Rule(name("a"), timedelta(days=1)),)
        assert (read(text).fingerprint, read(text).warnings) == (read(plain).fingerprint, ())

    def test_null_is_an_empty_list_or_map_since_all_its_items_may_be_comments(self):
        config = read("""
            external_commands: [{command: [a], env: }]
            repositories: [{name: a, expires: 1d, keep_tag_patterns: }]
        """)
        assert config.external_commands[0].env == {}
        assert config.repositories[0].keep_tag_patterns == ("latest",)


NEVER = "never applies: {} covers all that it names; move it up, or remove it"
WARNINGS = [
    ("{}", "1: no repository rule: nothing will ever be deleted"),
    (
        "clusters:\nrepositories:",
        "2: repositories: no repository rule: nothing will ever be deleted",
    ),
    (
        f"{RULE}task_definitions:\n- name: a\n  keep_count: 0",
        "4: task_definitions[0].keep_count: 0 means the default here; write 5, or remove it",
    ),
    (
        f"{RULE}lambda_functions:\n- name: a\n  keep_count: 0",
        "4: lambda_functions[0].keep_count: 0 means the default here; write 5, or remove it",
    ),
    (
        f"{RULE}lambda_functions:\n- name: a\n  keep_aliase: true",
        "4: lambda_functions[0].keep_aliase: is obsolete, aliases are always kept; remove it",
    ),
    (
        "repositories: [{name: a, expires: 1d, keep_tag_patterns: []}]",
        (
            "1: repositories[0].keep_tag_patterns: an empty list means the default here; "
            "write [latest], or remove it"
        ),
    ),
    (
        f"{RULE}lambda_funcions:\n- name: a\n  keep_count: 3",
        (
            "2: lambda_funcions: is misspelled and has no effect; write lambda_functions, "
            "or remove it"
        ),
    ),
    (
        "repositories: [{name: a/*, expires: 1d}]",
        f"1: repositories[0].name: 'a/*' matches only a repository {LITERALLY}",
    ),
    (
        "repositories: [{name_pattern: '*', expires: 1d}, {name: a, expires: 2d}]",
        f"1: repositories[1]: {NEVER.format('repositories[0] (*)')}",
    ),
    (
        "repositories:\n- &a {name_pattern: 'a*', expires: 1d}\n- *a\n",
        f"2: repositories[1]: {NEVER.format('repositories[0] (a*)')}",
    ),
    (
        f"{RULE}task_definitions:\n- name_pattern: a*\n- name: b\n- name_pattern: a?c*",
        f"5: task_definitions[2]: {NEVER.format('task_definitions[0] (a*)')}",
    ),
    (
        f"{RULE}clusters: [name: 'a?']",
        f"2: clusters[0].name: 'a?' matches only a cluster {LITERALLY}",
    ),
]


@pytest.mark.parametrize(("text", "warning"), WARNINGS)
def test_what_is_odd_is_a_warning(text, warning):
    assert read(text).warnings == (f"ecrm.yaml:{warning}",)


def test_a_warned_of_zero_or_empty_list_is_the_default():
    config = read("""
        task_definitions: [{name: a, keep_count: 0}]
        repositories: [{name: a, expires: 1d, keep_count: 0, keep_tag_patterns: []}]
    """)
    assert config.entries("task_definitions") == (History(name("a"), keep_count=5),)
    assert config.repositories == (Rule(name("a"), timedelta(days=1)),)


HISTORY_KEYS = "name, name_pattern, keep_count, exclude"
BOMB = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
MERGES = "\n".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9))
QUOTE_STAR = "quote a text that begins with *, such as '*'"
DOCUMENT_PROBLEMS = [
    ("", ": is empty; `ecrm generate` writes one that is not"),
    ("# a comment", ": is empty; `ecrm generate` writes one that is not"),
    ("---", ":1: is not a map; begin with 'repositories:'"),
    ("\n- a", ":2: is not a map; begin with 'repositories:'"),
    ("ecrm", ":1: is not a map; begin with 'repositories:'"),
    ("clusters:\n a: b: c", ":2: not YAML: mapping values are not allowed here"),
    (
        "clusters: [\n\n",
        (
            ":3: not YAML: while parsing a flow node, "
            "expected the node content, but found '<stream end>'"
        ),
    ),
    ("clusters: *none", f":1: not YAML: found undefined alias 'none'; {QUOTE_STAR}"),
    (
        "repositories:\n- name_pattern: *\n  expires: 1d",
        (
            ":2: not YAML: while scanning an alias, expected alphabetic or numeric character, but "
            f"found '\\n'; {QUOTE_STAR}"
        ),
    ),
    (
        "repositories:\n- name_pattern: */web\n  expires: 1d",
        (
            ":2: not YAML: while scanning an alias, expected alphabetic or numeric character, but "
            f"found '/'; {QUOTE_STAR}"
        ),
    ),
    ("clusters:\n- \a", ":2: not YAML: the character U+0007 is not allowed"),
    ('a: "\n\\UFFFFFFFF"', ":2: not YAML: Python int too large to convert to C int"),
    ('a: "\\U00110000"', ":1: not YAML: chr() arg not in range(0x110000)"),
    (
        "clusters:\n---\nclusters:",
        ":3: a second document; write one document and no further ---",
    ),
    (
        "clusters: &a [*a]",
        (":1: clusters[0]: an anchor that holds itself has no end; write the value out"),
    ),
    (
        "clusters: [&a {<<: *a}]",
        (":1: clusters[0]['<<']: an anchor that holds itself has no end; write the value out"),
    ),
    ("clusters: " + "[" * 1000, ":1: not YAML: it is nested too deeply"),
    ("a0: &a0 b\n" + BOMB, ": anchors make it too large to be read; write the values out"),
    ("a0: &a0 {}\n" + MERGES, ": anchors make it too large to be read; write the values out"),
    ("clusters:\n\nclusters:", ":3: clusters: given in line 1 already; remove one of the two"),
    (
        "repositories:\n- name: a\n  expires: 1d\n  name: b",
        ":4: repositories[0].name: given in line 2 already; remove one of the two",
    ),
    (
        "clusters: [{name: b, <<: {}, <<: {}}]",
        (":1: clusters[0]['<<']: given in line 1 already; remove one of the two"),
    ),
    (
        "clusters: [<<: a]",
        (":1: clusters[0]['<<']: merges no map; write an alias of one, such as <<: *defaults"),
    ),
    (
        "clusters: [<<: [[]]]",
        (":1: clusters[0]['<<']: merges no map; write an alias of one, such as <<: *defaults"),
    ),
    ("clusters:\n- on: a", ":2: clusters[0]: a key is the boolean true, not text; quote it: 'on'"),
    ("1.10: a", ":1: a key is the number 1.10, not text; quote it: '1.10'"),
    ("? \n: a", ":1: a key is null, not text; quote it: ''"),
    ("? [a]\n: b", ":1: a key must be text, not a list or a map"),
    (
        "clusters: !!set {a}",
        (":1: clusters: the tag tag:yaml.org,2002:set is not understood; remove it"),
    ),
    ("clusters: !ours [a]", ":1: clusters: the tag !ours is not understood; remove it"),
    (
        "clusters: !!binary aa",
        (":1: clusters: the tag tag:yaml.org,2002:binary is not understood; remove it"),
    ),
]
SCHEMA_PROBLEMS = [
    ("repository: []", ":1: unknown key 'repository'; did you mean 'repositories'?"),
    (
        "clusters:\nxyzzy: []",
        (
            ":2: unknown key 'xyzzy'; known are clusters, task_definitions, services, "
            "lambda_functions, sources, external_commands, files, kubernetes, repositories, "
            "guards, owners, pricing, rate_limits, check, targets"
        ),
    ),
    (
        "eks_clusters: []",
        (
            ":1: unknown key 'eks_clusters'; EKS clusters are read unless "
            "kubernetes.exclude_clusters names them"
        ),
    ),
    ("exclude_files: []", ":1: unknown key 'exclude_files'; name the files under files"),
    (
        "guards:\n  max_percent: 101",
        ":2: guards.max_percent: 101 is not a percentage; expected a number from 0 to 100",
    ),
    (
        "guards: [max_images]",
        (
            ":1: guards: is a list here, not a map; its keys are min_age, max_in_use_drop, "
            "missing_in_use, nothing_in_use, max_images, max_percent, max_bytes, in_use_max_age, "
            "scanned_files_max_age"
        ),
    ),
    (
        "repositories:\n- name: a\n  expires: 1d\n  action: remove",
        ":4: repositories[0].action: 'remove' is not known here; write delete or archive",
    ),
    (
        "repositories:\n- name: a\n  expire: 30d",
        ":3: repositories[0]: unknown key 'expire'; did you mean 'expires'?",
    ),
    (
        "lambda_functions:\n- name: a\n  keep_aliases: true",
        f":3: lambda_functions[0]: unknown key 'keep_aliases'; known are {HISTORY_KEYS}",
    ),
    (
        'clusters: [{name: a, "b\\nc": 1}]',
        r":1: clusters[0]: unknown key 'b\nc'; known are name, name_pattern, exclude",
    ),
    ("clusters: {name: a}", ":1: clusters: is a map here, not a list; begin each item with '- '"),
    (
        "clusters: prod",
        ":1: clusters: is the text 'prod' here, not a list; begin each item with '- '",
    ),
    (
        "clusters:\n- prod",
        (
            ":2: clusters[0]: is the text 'prod' here, not a map; "
            "its keys are name, name_pattern, exclude"
        ),
    ),
    (
        "lambda_functions: [null]",
        f":1: lambda_functions[0]: is null here, not a map; its keys are {HISTORY_KEYS}",
    ),
    ("clusters: [{}]", ":1: clusters[0]: needs one of name and name_pattern"),
    (
        "clusters:\n- name: a\n  name_pattern: b",
        ":2: clusters[0]: has both name and name_pattern; remove one of the two",
    ),
    ("repositories: [{name: a}]", ":1: repositories[0]: needs 'expires', a duration such as 30d"),
    (
        "external_commands: [{}]",
        (
            ":1: external_commands[0]: needs 'command', "
            "a list of text such as [path/to/command, argument]"
        ),
    ),
]


@pytest.mark.parametrize(("text", "message"), DOCUMENT_PROBLEMS + SCHEMA_PROBLEMS)
def test_a_file_of_the_wrong_shape_is_refused(text, message):
    assert problem(text) == f"ecrm.yaml{message}"


def test_all_mistakes_of_a_file_are_reported_in_its_order():
    text = """\
        clusters: prod
        xyzzy: []
        repositories:
        - name: a
          expire: 30d
          keep_count: '3'
        - name: b
          name_pattern: c
        - name: d
          expires: 1d
          keep_tag_patterns: [1.10, ok, '']
        guards: {max_percent: 101, max_images: no}
        external_commands: [{command: [a], env: {A: 1.10, B: [], C: c}}]
    """
    whole = problem(text).splitlines()
    assert [line.partition(": ")[0] for line in whole] == [
        f"ecrm.yaml:{line}" for line in (1, 2, 5, 6, 7, 7, 11, 11, 12, 12, 13, 13)
    ]
    assert whole[4:6] == [
        "ecrm.yaml:7: repositories[1]: needs 'expires', a duration such as 30d",
        "ecrm.yaml:7: repositories[1]: has both name and name_pattern; remove one of the two",
    ]


def test_keys_that_are_there_twice_are_reported_with_all_other_mistakes():
    text = """\
        clusters: prod
        repositories:
        - name: a
          expires: 30d
          name: b
          keep_count: no
        clusters: []
    """
    whole = problem(text).splitlines()
    assert [line.partition(": ")[0] for line in whole] == [
        f"ecrm.yaml:{line}" for line in (7, 5, 1, 6)
    ]


NAME_PROBLEMS = [
    ("yes", "is the boolean true here, whose text may be lost; quote it: 'yes'"),
    ("off", "is the boolean false here, whose text may be lost; quote it: 'off'"),
    *(
        (text, f"is the number {text} here, whose text may be lost; quote it: {text!r}")
        for text in ("1.10", "1.0", ".5", "1.", "010", "0x10", "1_000", "+3", "1:30", ".inf")
    ),
    ("2026-01-31", "is the date 2026-01-31 here, not text; quote it: '2026-01-31'"),
    ("null", "is null here, not text; quote it: 'null'"),
    ("=", "is YAML's special = here, not text; quote it: '='"),
    ("", "has no value; write text, or remove it"),
    ("''", "is empty; write a text, or remove it"),
    ("[a]", "is a list here, not text"),
    ("{a: b}", "is a map here, not text"),
    (r'"a\0"', "contains a character that is not text; remove it"),
    (r'"a\ud800"', "contains a character that is not text; remove it"),
    ('!!int "1\n\n2"', r"is the number 1\n2 here, whose text may be lost; quote it: '1\n2'"),
]
EXPIRES_PROBLEMS = [
    ("30", "30 has no unit; write 30d"),
    ("1.5", "1.5 has no unit; write 1.5d"),
    ("'30'", "30 has no unit; write 30d"),
    ("true", "is the boolean true here, not a duration such as 30d"),
    ("2026-01-31", "is the date 2026-01-31 here, not a duration such as 30d"),
    ("", "has no value; write a duration such as 30d, or remove it"),
    ("[30d]", "is a list here, not a duration such as 30d"),
    ("30 dyas", "'30 dyas' has the unknown unit 'dyas'; write s, m, h, d or w, or month or year"),
]
COUNT_PROBLEMS = [
    ("-1", "-1 is not a whole number from 0 to 999999999; expected, for example, 3"),
    ("1.5", "1.5 is not a whole number from 0 to 999999999; expected, for example, 3"),
    ("010", "010 is not a whole number from 0 to 999999999; expected, for example, 3"),
    ("1:30", "1:30 is not a whole number from 0 to 999999999; expected, for example, 3"),
    (
        "1000000000",
        "1000000000 is not a whole number from 0 to 999999999; expected, for example, 3",
    ),
    ("'3'", "is the text '3' here, not a whole number"),
    ("yes", "is the boolean true here, not a whole number"),
    ("", "has no value; write a whole number, or remove it"),
]
BOOLEAN_PROBLEMS = [
    ("yes", "'yes' is not a boolean in all YAML versions; write true or false"),
    ("on", "'on' is not a boolean in all YAML versions; write true or false"),
    ("Off", "'Off' is not a boolean in all YAML versions; write true or false"),
    ("1", "is the number 1 here, not true or false"),
    ("'true'", "is the text 'true' here, not true or false"),
    ("", "has no value; write true or false, or remove it"),
]
TAG_PROBLEMS = [
    ("latest", ": is the text 'latest' here, not a list of text; begin each item with '- '"),
    ("{a: b}", ": is a map here, not a list of text; begin each item with '- '"),
    ("[a, 1.10]", "[1]: is the number 1.10 here, whose text may be lost; quote it: '1.10'"),
    ("['']", "[0]: is empty; write a text, or remove it"),
]
COMMAND_PROBLEMS = [
    (
        "command: a b",
        "command: is not a list of text; begin each item with '- '",
    ),
    ("command: []", ("command: names no program; write one such as [path/to/command, argument]")),
    ("command: ", "command: names no program; write one such as [path/to/command, argument]"),
    ("command: ['']", ("command: names no program; write one such as [path/to/command, argument]")),
    ("command: [a, 0x1]", "command[1]: is a number or a boolean whose text may be lost; quote it"),
    ("command: [a], env: [B=c]", "env: is a list here, not a map of text; write KEY: value"),
    ("command: [a], env: B", "env: is not a map of text; write KEY: value"),
    (
        "command: [a], env: {B: 1.10}",
        "env.B: is a number or a boolean whose text may be lost; quote it",
    ),
    (
        "command: [a], env: {B c: yes}",
        "env['B c']: is a number or a boolean whose text may be lost; quote it",
    ),
    (
        "command: [a], env: {B=: c}",
        "env: 'B=' cannot name a variable; write one such as AWS_REGION",
    ),
    ("command: [a], env: {'': c}", "env: '' cannot name a variable; write one such as AWS_REGION"),
    ("command: [a], timeout: 30", "timeout: 30 has no unit; write 30d"),
    ("command: [a], dir: ''", "dir: is empty; write a text, or remove it"),
]
VALUE_PROBLEMS = [
    *((f"name: {v}\n  expires: 1d", 2, f"name: {m}") for v, m in NAME_PROBLEMS),
    *((f"expires: 1d\n  name_pattern: {v}", 3, f"name_pattern: {m}") for v, m in NAME_PROBLEMS),
    *((f"name: a\n  expires: {v}", 3, f"expires: {m}") for v, m in EXPIRES_PROBLEMS),
    *((f"name: a\n  keep_count: {v}", 3, f"keep_count: {m}") for v, m in COUNT_PROBLEMS),
    *(
        (f"name: a\n  delete_artifacts: {v}", 3, f"delete_artifacts: {m}")
        for v, m in BOOLEAN_PROBLEMS
    ),
    *((f"name: a\n  keep_tag_patterns: {v}", 3, f"keep_tag_patterns{m}") for v, m in TAG_PROBLEMS),
]


@pytest.mark.parametrize(("keys", "line", "message"), VALUE_PROBLEMS)
def test_a_wrong_value_of_a_rule_is_refused(keys, line, message):
    assert problem(f"repositories:\n- {keys}") == f"ecrm.yaml:{line}: repositories[0].{message}"


@pytest.mark.parametrize(("keys", "message"), COMMAND_PROBLEMS)
def test_a_wrong_value_of_an_external_command_is_refused(keys, message):
    expected = f"ecrm.yaml:1: external_commands[0].{message}"
    assert problem(f"external_commands: [{{{keys}}}]") == expected


@pytest.mark.parametrize("text", ["repositories: [{name: *a}]", FUJIWARA_README[:-9], "a: b"])
def test_a_message_names_the_file_as_it_was_given(text):
    with pytest.raises(ConfigError, match=r"^\.\./my ecrm\.yml:\d+: "):
        parse(text, "../my ecrm.yml")


class TestLoad:
    def problem(self, path: Path) -> str:
        with pytest.raises(ConfigError) as caught:
            load(str(path))
        return str(caught.value).replace(f"{path}:", "ecrm.yaml:")

    def test_a_file_is_read_as_its_text_is(self, tmp_path):
        path = tmp_path / "ecrm.yaml"
        path.write_bytes(FUJIWARA_README.replace("\n", "\r\n").encode("utf-8-sig"))
        assert load(str(path)).repositories == read(FUJIWARA_README).repositories

    def test_no_such_file(self, tmp_path):
        assert self.problem(tmp_path / "none") == (
            "ecrm.yaml: no such file; `ecrm generate` writes one, or name another with --config"
        )

    def test_a_directory(self, tmp_path):
        expected = "ecrm.yaml: is a directory; name a file with --config"
        assert self.problem(tmp_path) == expected

    def test_no_permission(self, tmp_path, monkeypatch):
        def refuse(path: Path) -> bytes:
            raise PermissionError(13, "Permission denied", str(path))

        # chmod does not stop root, who runs tests in containers.
        monkeypatch.setattr(Path, "read_bytes", refuse)
        assert self.problem(tmp_path) == (
            "ecrm.yaml: no permission to read it; make it readable, or name another with --config"
        )

    def test_a_path_through_a_file(self, tmp_path):
        (tmp_path / "file").touch()
        assert self.problem(tmp_path / "file" / "ecrm.yaml") == (
            "ecrm.yaml: Not a directory; name another file with --config"
        )

    def test_another_encoding(self, tmp_path):
        path = tmp_path / "ecrm.yaml"
        path.write_bytes("# a\n# \N{LATIN SMALL LETTER E WITH ACUTE}\n".encode("latin-1"))
        assert self.problem(path) == ("ecrm.yaml:2: not UTF-8: byte 0xe9; save the file as UTF-8")


class TestFingerprint:
    def test_comments_order_of_keys_and_spelling_do_not_change_it(self):
        one = read("""
            clusters: [name: a]
            repositories: [{name: a, expires: 30d}]
            external_commands: [{command: [a], env: {B: c, D: e}}]
        """)
        other = read("""
            external_commands: [{env: {D: e, B: c}, command: [a]}] # a comment
            repositories:
            - expires: 720 hours
              keep_tag_patterns: []
              name: 'a'
            clusters: [{name: a, exclude: false}]
        """)
        assert one.fingerprint == other.fingerprint
        assert re.fullmatch(r"[0-9a-f]{64}", one.fingerprint)
        assert one.warnings != other.warnings

    def test_it_is_the_same_on_every_machine_and_day(self):
        assert read(FUJIWARA_README).fingerprint == FINGERPRINT

    CHANGES = (
        ("name: a, ", "name: b, "),
        ("name: a, ", "name_pattern: a, "),
        ("expires: 1d", "expires: 2d"),
        ("expires: 1d", "expires: 1d, keep_count: 1"),
        ("expires: 1d", "expires: 1d, keep_tag_patterns: [a]"),
        ("expires: 1d", "expires: 1d, keep_pulled_within: 0s"),
        ("expires: 1d", "expires: 1d, delete_artifacts: true"),
        ("clusters: []", "clusters: [name: a]"),
        ("clusters: []", "clusters: [{name: a, exclude: true}]"),
        ("clusters: []", "task_definitions: [name: a]"),
        ("clusters: []", "task_definitions: [{name: a, keep_count: 4}]"),
        ("clusters: []", "lambda_functions: [name: a]"),
        ("command: [a]", "command: [b]"),
        ("command: [a]", "command: [a, a]"),
        ("command: [a]", "command: [a], dir: a"),
        ("command: [a]", "command: [a], timeout: 1s"),
        ("command: [a]", "command: [a], env: {B: c}"),
    )

    def test_every_value_changes_it(self):
        text = """
            clusters: []
            external_commands: [{command: [a]}]
            repositories: [{name: a, expires: 1d}]
        """
        texts = [text, *(text.replace(old, new) for old, new in self.CHANGES)]
        assert len({read(one).fingerprint for one in texts}) == len(self.CHANGES) + 1

    def test_prices_decide_about_no_image_and_do_not_change_it(self):
        text = "repositories: [{name: a, expires: 1d}]\n"
        priced = read(text + "pricing: [{region: 'eu-*', standard: 0.12}]")
        assert priced.fingerprint == read(text).fingerprint
        assert priced.prices.of("eu-west-1") == Price(Decimal("0.12"))

    def test_owners_decide_about_no_image_and_do_not_change_it(self):
        text = "repositories: [{name: a, expires: 1d}]\n"
        owned = read(text + "owners: {tag: team, patterns: {'ml-*': ml}}")
        assert owned.fingerprint == read(text).fingerprint
        assert owned.owners == Owners("team", {"ml-*": "ml"})


DURATIONS = [
    ("30d", timedelta(days=30)),
    ("30days", timedelta(days=30)),
    ("30 days", timedelta(days=30)),
    (" 30  Days ", timedelta(days=30)),
    ("1 year 2 months", timedelta(days=425)),
    ("1y", timedelta(days=365)),
    ("12h", timedelta(hours=12)),
    ("12H", timedelta(hours=12)),
    ("1h30m", timedelta(minutes=90)),
    ("1h 30min", timedelta(minutes=90)),
    ("1.5h", timedelta(minutes=90)),
    (".5 hours", timedelta(minutes=30)),
    ("2w", timedelta(weeks=2)),
    ("1 week 1 minute 1 sec", timedelta(weeks=1, minutes=1, seconds=1)),
    ("1 second 2 ms 3 us", timedelta(seconds=1, milliseconds=2, microseconds=3)),
    ("3µs", timedelta(microseconds=3)),
    ("1ns", timedelta(microseconds=1)),
    ("1001 ns", timedelta(microseconds=2)),
    ("0s", timedelta()),
    ("1000 years", timedelta(days=365_000)),
]


@pytest.mark.parametrize(("text", "duration"), DURATIONS)
def test_a_duration_is_read_in_every_form(text, duration):
    assert parse_duration(text) == duration


DURATION_PROBLEMS = [
    ("30", "30 has no unit; write 30d"),
    (" 30 ", "30 has no unit; write 30d"),
    ("1h30", "'1h30' has no unit after 30; write one after each number"),
    ("1 0d", "'1 0d' has no unit after 1; write one after each number"),
    ("-30d", "'-30d' has a sign, and a duration has none; write 30d"),
    ("1h +30m", "'1h +30m' has a sign, and a duration has none; write 30d"),
    (
        "30 fortnights",
        (
            "'30 fortnights' has the unknown unit 'fortnights'; "
            "write s, m, h, d or w, or month or year"
        ),
    ),
    ("1e3s", "'1e3s' has the unknown unit 'e'; write s, m, h, d or w, or month or year"),
    ("1M", "'1M' may mean minutes or months; write 'min' or 'months'"),
    ("1001y", "'1001y' is too long; the longest duration is 1000 years"),
    *(
        (text, f"invalid duration {text!r}; expected, for example, 30d, 12h or 1 year 2 months")
        for text in ("", " ", "d", "soon", "1.d", "1 year, 2 months", "٣d", "1_000d")
    ),
    (
        "9" * 101 + "d",
        (f"invalid duration '{'9' * 101}d'; expected, for example, 30d, 12h or 1 year 2 months"),
    ),
]


@pytest.mark.parametrize(("text", "message"), DURATION_PROBLEMS)
def test_what_is_no_duration_says_what_to_write(text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_duration(text)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=365_000)))
def test_a_duration_survives_being_written_and_read(duration):
    text = f"{duration.days}d {duration.seconds}s {duration.microseconds}us"
    assert parse_duration(text) == duration


SIZES = [
    ("0", 0),
    ("1234", 1234),
    ("10GB", 10 * 1000**3),
    ("500 MB", 500 * 1000**2),
    ("1.5 tb", 1500 * 1000**3),
    ("2KiB", 2048),
    ("1 GiB", 1024**3),
    ("3 PB", 3 * 1000**5),
    ("7B", 7),
    ("0.1234 kB", 123),
]


@pytest.mark.parametrize(("text", "size"), SIZES)
def test_a_size_is_read_in_every_form(text, size):
    assert parse_bytes(text) == size


SIZE_PROBLEMS = [
    ("1.5", "1.5 has no unit; write 1.5GB"),
    ("10 G", "'10 G' has the unknown unit 'g'; write B, KB, MB, GB or TB"),
    *(
        (text, f"invalid size {text!r}; expected, for example, 10GB")
        for text in ("", "-1", "GB", "1GB 2MB", "0x10", "1_000", "9" * 5000)
    ),
]


@pytest.mark.parametrize(("text", "message"), SIZE_PROBLEMS)
def test_what_is_no_size_says_what_to_write(text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_bytes(text)


@pytest.mark.parametrize("parse_text", [parse_duration, parse_bytes])
@given(text=st.text(alphabet="0123456789.dhmMyGKib -+µs") | st.text())
def test_a_quantity_of_any_text_is_a_value_or_one_line(parse_text, text):
    try:
        result = parse_text(text)
    except ValueError as error:
        result = str(error)
    if isinstance(result, str):
        assert result.isprintable()
    else:
        assert result >= type(result)()


class TestGlobs:
    def test_a_name_is_itself_and_nothing_else(self):
        assert name("a*").matches("a*")
        assert not name("a*").matches("ab")
        assert str(name("a*")) == "a*"

    @pytest.mark.parametrize("text", ["a", "b", "a/b", "prod/web"])
    def test_a_star_covers_slashes_too(self, text):
        assert glob("*").matches(text)

    @pytest.mark.parametrize(
        ("earlier", "later"),
        [
            (glob("*"), glob("*")),
            (glob("a*"), glob("a?*b*")),
            (glob("*/*"), glob("a*/b")),
            (glob("a?"), glob("a?")),
            (glob("a*"), name("a")),
            (name("a"), name("a")),
            (name("a"), glob("a")),
        ],
    )
    def test_an_earlier_pattern_covers_a_later_one(self, earlier, later):
        assert earlier.covers(later)

    @pytest.mark.parametrize(
        ("earlier", "later"),
        [
            (glob("a?*"), glob("a*")),
            (glob("a?"), glob("a*")),
            (glob("??"), glob("*")),
            (name("a*"), glob("a*")),
            (name("a"), glob("?")),
            (name("a"), name("b")),
            (glob("ab*"), glob("a*")),
        ],
    )
    def test_it_does_not(self, earlier, later):
        assert not earlier.covers(later)

    @given(
        st.text(alphabet="ab*?", max_size=6),
        st.text(alphabet="ab*?", max_size=6),
        st.text(alphabet="abc", max_size=6),
    )
    @example("a?*", "a*", "a")
    def test_what_covers_a_pattern_matches_all_that_the_pattern_matches(self, first, second, text):
        if glob(first).covers(glob(second)) and glob(second).matches(text):
            assert glob(first).matches(text)

    @given(
        st.text(alphabet="ab*?.[\n", max_size=8),
        st.text(alphabet="ab.[\n", max_size=8),
    )
    @example("a?b**", "a/b")
    def test_a_glob_matches_as_its_definition_says(self, pattern, text):
        assert glob_matches(pattern, text) == naive_matches(pattern, text)


def naive_matches(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive_matches(pattern[1:], text[n:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and naive_matches(pattern[1:], text[1:])


class TestAnyText:
    """Any text is a Config or one line; never another exception."""

    def check(self, text: str) -> None:
        try:
            config = read(text)
        except ConfigError as error:
            lines = str(error).split("\n")
        else:
            lines = list(config.warnings)
        for line in lines:
            assert re.match(r"ecrm\.yaml(:\d+)?: ", line)
            assert line.isprintable()

    @given(st.text())
    def test_text(self, text):
        self.check(text)

    @given(st.text(alphabet="ab:-?,[]{}&*#|>!%@`'\"<=~ \n\t\\0x1U."))
    def test_punctuation(self, text):
        self.check(text)

    @given(
        st.lists(
            st.sampled_from(
                [
                    *SECTIONS,
                    *SECTIONS["repositories"].keys,
                    *SECTIONS["external_commands"].keys,
                    ": ",
                    "\n",
                    "\n- ",
                    "\n  ",
                    "[",
                    "]",
                    "{",
                    "}",
                    ", ",
                    "30d",
                    "3",
                    "yes",
                    "&a ",
                    "*a",
                    "<<: ",
                    "'*'",
                    "!!str ",
                    "!a ",
                    "# ",
                    "|\n",
                    "~",
                    '"\\0"',
                    '"\\ud800"',
                    "---\n",
                ]
            )
        )
    )
    def test_words_of_the_language(self, words):
        self.check("".join(words))

    @given(st.data())
    def test_a_good_file_with_a_piece_cut_out_or_put_in(self, data):
        places = st.integers(0, len(FUJIWARA_README))
        start, end = sorted([data.draw(places), data.draw(places)])
        piece = data.draw(st.text(max_size=5))
        self.check(FUJIWARA_README[:start] + piece + FUJIWARA_README[end:])


class TestExampleFile:
    def test_it_loads_without_a_warning(self):
        config = load(str(EXAMPLE))
        assert config.warnings == ()
        assert config.rule_for(RepositoryKey(REGISTRY, "prod/web")) == Rule(
            glob("prod/*"),
            timedelta(days=90),
            keep_count=5,
            keep_tag_patterns=("latest", "v*"),
            keep_pulled_within=timedelta(days=30),
            delete_archived_after=timedelta(days=90),
        )

    def test_its_command_is_valid_once_it_is_no_comment(self):
        _, comment = EXAMPLE.read_text().split("external_commands: []\n")
        config = read(re.sub("(?m)^# ", "", comment))
        assert config.external_commands == (
            ExternalCommand(
                ("./images-of-my-cluster.sh", "--all"),
                env={"AWS_REGION": "us-west-2"},
                dir="/opt/scripts",
                timeout=timedelta(seconds=30),
            ),
        )

    def test_its_targets_are_valid_once_they_are_no_comment(self):
        _, comment = EXAMPLE.read_text().split("targets:\n")
        targets = read("targets:\n" + re.sub("(?m)^#", "", comment.partition("\n\n")[0])).targets
        assert targets is not None
        assert targets.registries == (
            RegistryEntry("111111111111", ("us-east-1", "eu-west-1"), ("ecrm-delete",), "7f3c"),
        )

    @pytest.mark.parametrize("section", SECTIONS)
    def test_it_explains_every_key(self, section):
        text = EXAMPLE.read_text()
        assert re.search(rf"(?m)^{section}:", text)
        for name, _ in all_keys(SECTIONS[section]):
            assert re.search(rf"\b{name}\b", text), name


def all_keys(section: Section) -> Iterator[tuple[str, Key | Section]]:
    for name, key in section.keys.items():
        yield name, key
        if isinstance(key, Section):
            yield from all_keys(key)


def test_every_key_says_what_it_is_for():
    for section in SECTIONS.values():
        assert section.description
        for _, key in all_keys(section):
            assert key.description
            if isinstance(key, Key):
                assert key.reader.what
                assert not (key.required and key.default is not None)


def test_a_size_is_read_from_a_file_as_well():
    node = read_document("a: 10 GB", "ecrm.yaml", Problems())
    assert isinstance(node, MapNode)
    assert BYTES.read(node.entries["a"]) == 10 * 1000**3


SECRETS = [
    "hunter2",
    "- hunter2",
    "!hunter2 x",
    "*hunter2",
    "&hunter2 *hunter2",
    "%hunter2",
    "{hunter2",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_is_no_map_is_not_quoted_where_it_may_be_a_secret(text: str):
    """`ssm://` may name any parameter, and what went wrong ends up in logs and mails."""
    with pytest.raises(ConfigError) as raised:
        from_bytes(text.encode(), "ssm://p", quotes=False)
    assert str(raised.value).startswith("ssm://p:1: ")
    assert "hunter2" not in str(raised.value)


def test_a_mistake_in_a_map_is_quoted_wherever_it_is():
    with pytest.raises(ConfigError, match="unknown key 'repos'"):
        from_bytes(b"repos: []", "ssm://p", quotes=False)


@pytest.mark.parametrize(
    "command",
    [
        "hunter2",
        "{hunter2: 1}",
        "[sh, 0x5ec4e7]",
        "[sh, {hunter2: 1}]",
        "[sh, [hunter2]]",
        "[sh], env: hunter2",
        "[sh], env: {A: 0x5ec4e7}",
        "[sh], env: {A: [hunter2]}",
        '[sh, "hunter2\\0"]',
    ],
)
def test_no_message_quotes_an_argument_or_a_variable_of_a_program(command: str):
    with pytest.raises(ConfigError) as raised:
        parse(f"external_commands: [{{command: {command}}}]", "ecrm.yaml")
    assert not re.search("hunter2|5ec4e7", str(raised.value))


def test_b46_a_link_to_a_secret_in_place_of_ecrm_yaml_is_not_quoted(tmp_path: Path):
    (tmp_path / "token").write_text("hunter2")
    (tmp_path / "ecrm.yaml").symlink_to("token")
    with pytest.raises(ConfigError) as raised:
        load(str(tmp_path / "ecrm.yaml"))
    assert str(raised.value).endswith(":1: is not a map; begin with 'repositories:'")
