"""The cache keeps what can never change, and whatever happens to its file, it never lies."""

import errno
import json
import logging
import multiprocessing
import os
import random
import sqlite3
import stat
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.aws.cache import database, facts
from ecrm.aws.cache.caching import Cache, NoCache
from ecrm.aws.cache.folder import cache_folder, clear
from ecrm.errors import OutputError
from ecrm.registry.manifests import INDEX
from ecrm.sources import SOURCES
from ecrm.sources.ecs.revisions import SERVICE_REVISION
from ecrm.sources.lambda_functions.function import LAMBDA_VERSION
from ecrm.sources.task_definitions import TASK_DEFINITION

ECS = "arn:aws:ecs:us-east-1:123456789012"
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function"
DIGEST = "sha256:" + "a" * 64
FILE = "facts.sqlite3"
DAY = 24 * 60 * 60
RUNS = multiprocessing.get_context("forkserver")
RUNS.set_forkserver_preload(["tests.test_cache"])  # what every run imports is imported once


def revision(number: int) -> str:
    return f"{ECS}:task-definition/web:{number}"


def containers(number: int) -> list[dict[str, str]]:
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:{number}"
    return [{"name": "app", "image": image, "versionConsistency": "enabled"}]


def revisions(numbers: Iterable[int]) -> dict[str, Any]:
    return {revision(number): containers(number) for number in numbers}


def as_it_is(value: Any) -> Any:
    return value


def put(folder: Path, known: Mapping[str, Any], **options: Any) -> None:
    with Cache.open(folder, **options) as cache:
        cache.put(TASK_DEFINITION, known)


def get(folder: Path, numbers: Iterable[int], **options: Any) -> dict[str, Any]:
    with Cache.open(folder, **options) as cache:
        return found(cache, numbers)


def found(cache: Cache, numbers: Iterable[int]) -> dict[str, Any]:
    return cache.get(TASK_DEFINITION, map(revision, numbers), as_it_is)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def connection(cache: Cache) -> sqlite3.Connection:
    assert cache._database
    return cache._database._connection


class TestWhatIsKept:
    def test_a_fact_is_known_to_later_runs(self, tmp_path, caplog):
        put(tmp_path, revisions([1, 2]))
        assert get(tmp_path, [1, 2, 3]) == revisions([1, 2])
        assert not warnings(caplog)

    def test_a_fact_is_known_to_this_run_before_it_is_written(self, tmp_path):
        with Cache.open(tmp_path) as cache:
            cache.put(TASK_DEFINITION, revisions([1]))
            assert found(cache, [1]) == revisions([1])

    def test_a_fact_can_be_put_again(self, tmp_path):
        put(tmp_path, {revision(1): containers(7)})
        put(tmp_path, revisions([1]))
        assert get(tmp_path, [1]) == revisions([1])

    def test_what_was_put_is_kept_when_the_run_fails(self, tmp_path):
        def fail(cache: Cache) -> None:
            with cache:
                cache.put(TASK_DEFINITION, revisions([1]))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail(Cache.open(tmp_path))
        assert get(tmp_path, [1]) == revisions([1])

    def test_thousands_are_asked_for_at_once_and_written_on_the_way(self, tmp_path):
        with Cache.open(tmp_path) as cache:
            cache.put(TASK_DEFINITION, revisions(range(1, 2501)))
            assert get(tmp_path, range(1, 2501)) == revisions(range(1, 2501))

    def test_each_identifier_that_was_asked_for_is_a_hit_or_a_miss(self, tmp_path):
        with Cache.open(tmp_path) as cache:
            cache.put(TASK_DEFINITION, revisions([1, 2]))
            found(cache, [1, 2, 2, 3])
            found(cache, [])
            assert (cache.hits, cache.misses) == (2, 1)

    def test_a_value_that_its_reader_does_not_understand_is_a_miss(self, tmp_path):
        def read(value: Any) -> str:
            if value[0]["image"].endswith(":2"):
                raise ValueError
            return str(value[0]["name"])

        put(tmp_path, revisions([1, 2]))
        with Cache.open(tmp_path) as cache:
            known = cache.get(TASK_DEFINITION, [revision(1), revision(2)], read)
            assert known == {revision(1): "app"}
            assert (cache.hits, cache.misses) == (1, 1)

    def test_what_the_caller_does_to_a_value_later_changes_nothing(self, tmp_path):
        with Cache.open(tmp_path) as cache:
            mine = revisions([1])
            cache.put(TASK_DEFINITION, mine)
            mine[revision(1)].clear()
            found(cache, [1])[revision(1)].clear()
            assert found(cache, [1]) == revisions([1])

    def test_a_cache_that_is_closed_knows_nothing_and_can_be_closed_again(self, tmp_path, caplog):
        cache = Cache.open(tmp_path)
        cache.close()
        cache.put(TASK_DEFINITION, revisions([1]))
        assert found(cache, [1]) == {}
        cache.close()
        assert not warnings(caplog)

    def test_no_cache_has_the_same_methods_and_keeps_nothing(self):
        with NoCache() as cache:
            cache.put(TASK_DEFINITION, revisions([1]))
            assert found(cache, [1, 2]) == {}
            assert (cache.hits, cache.misses) == (0, 2)


TEXTS = st.text(min_size=1)
FIELDS = st.dictionaries(
    st.sampled_from(["name", "image", "versionConsistency"]), st.text(), min_size=1
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
VALUES = {
    TASK_DEFINITION: st.lists(FIELDS, min_size=1),
    SERVICE_REVISION: st.fixed_dictionaries(
        {
            "taskDefinition": st.text(),
            "containerImages": st.lists(
                st.fixed_dictionaries({"image": st.text(), "imageDigest": TEXTS}), min_size=1
            ),
        }
    ),
    LAMBDA_VERSION: st.fixed_dictionaries({"ImageUri": st.text(), "ResolvedImageUri": TEXTS}),
    INDEX: st.recursive(SCALARS, st.lists),
}
NAMESPACES = (INDEX, *(namespace for source in SOURCES for namespace in source.cached))
KEYS = {namespace: st.from_regex(namespace.key, fullmatch=True) for namespace in NAMESPACES}
FACTS = st.fixed_dictionaries(
    {
        namespace: st.dictionaries(KEYS[namespace], VALUES[namespace], max_size=3)
        for namespace in NAMESPACES
    }
)


@settings(max_examples=40)
@given(FACTS)
def test_whatever_is_put_comes_back_as_it_was(known):
    with TemporaryDirectory() as folder:
        with Cache.open(Path(folder)) as cache:
            for namespace, values in known.items():
                cache.put(namespace, values)
        with Cache.open(Path(folder)) as cache:
            for namespace, values in known.items():
                assert cache.get(namespace, values, as_it_is) == values
            assert cache.misses == 0


MUTABLE = [
    (LAMBDA_VERSION, f"{LAMBDA}:thumbs:$LATEST"),
    (LAMBDA_VERSION, f"{LAMBDA}:thumbs:$LATEST.PUBLISHED"),
    (LAMBDA_VERSION, f"{LAMBDA}:thumbs:live"),
    (LAMBDA_VERSION, f"{LAMBDA}:thumbs:12a"),
    (LAMBDA_VERSION, f"{LAMBDA}:thumbs"),
    (LAMBDA_VERSION, f"{LAMBDA}:12"),
    (LAMBDA_VERSION, "thumbs:12"),
    (TASK_DEFINITION, f"{ECS}:task-definition/web"),
    (TASK_DEFINITION, f"{ECS}:task-definition/web:0"),
    (TASK_DEFINITION, f"{ECS}:task-definition/web:12\n"),
    (TASK_DEFINITION, f"{ECS}:task-definition/web:١٢"),
    (TASK_DEFINITION, "web:12"),
    (TASK_DEFINITION, f"{ECS}:service-revision/prod/web/12"),
    (SERVICE_REVISION, f"{ECS}:service/prod/web"),
    (SERVICE_REVISION, f"{ECS}:service-revision/prod/web"),
    (SERVICE_REVISION, f"{ECS}:service-revision/prod/web/12/3"),
    (SERVICE_REVISION, f"{ECS}:service-deployment/prod/web/12"),
    (INDEX, "latest"),
    (INDEX, "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:latest"),
    (INDEX, f"web@{DIGEST}"),
    (INDEX, DIGEST[:-1]),
    (INDEX, DIGEST.upper()),
    (INDEX, ""),
]

IMMUTABLE = [
    (
        LAMBDA_VERSION,
        f"{LAMBDA}:f_1-x:7 2026-01-02T03:04:05.000+0000 1f0c",
    ),
    (TASK_DEFINITION, "arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/a_b-C:120"),
    (SERVICE_REVISION, f"{ECS}:service-revision/prod/web/4980306466373577095"),
    (INDEX, DIGEST),
]

RESOLVED = {"containerName": "app", "image": "web:1", "imageDigest": DIGEST}
UNRESOLVED = {"containerName": "app", "image": "web:1"}
CHANGING = [
    (TASK_DEFINITION, {"status": "INACTIVE"}),
    (TASK_DEFINITION, [{"name": "app", "image": "web:1", "lastStatus": "RUNNING"}]),
    (TASK_DEFINITION, [{"name": {"deregisteredAt": 1}}]),
    (TASK_DEFINITION, [{1: "app"}]),
    (TASK_DEFINITION, []),
    (TASK_DEFINITION, None),
    (SERVICE_REVISION, {"containerImages": [RESOLVED, UNRESOLVED]}),
    (SERVICE_REVISION, {"containerImages": [{**UNRESOLVED, "imageDigest": None}]}),
    (SERVICE_REVISION, {"taskDefinition": revision(1), "containerImages": []}),
    (SERVICE_REVISION, {"runningCount": 1}),
    (LAMBDA_VERSION, {"ImageUri": "web:1"}),
    (LAMBDA_VERSION, {"ImageUri": None, "ResolvedImageUri": None}),
    (LAMBDA_VERSION, {}),
    (INDEX, [{"digest": DIGEST, "tag": "latest"}]),
]


class TestWhatMayChange:
    @pytest.mark.parametrize(("namespace", "key"), MUTABLE)
    def test_under_an_identifier_of_what_may_change_nothing_is_kept(self, tmp_path, namespace, key):
        with Cache.open(tmp_path) as cache:
            cache.put(namespace, {key: ["x"]})
            assert cache.get(namespace, [key], as_it_is) == {}
            assert (cache.hits, cache.misses) == (0, 1)

    @pytest.mark.parametrize(("namespace", "key"), IMMUTABLE)
    def test_under_an_identifier_of_what_cannot_change_it_is(self, tmp_path, namespace, key):
        with Cache.open(tmp_path) as cache:
            cache.put(namespace, {key: ["x"]})
            assert cache.get(namespace, [key], as_it_is) == {key: ["x"]}

    @pytest.mark.parametrize(("namespace", "value"), CHANGING)
    def test_a_value_that_may_change_is_not_kept(self, tmp_path, namespace, value):
        key = dict(IMMUTABLE)[namespace]
        with Cache.open(tmp_path) as cache:
            cache.put(namespace, {key: value})
            assert cache.get(namespace, [key], as_it_is) == {}

    def test_those_beside_one_that_may_change_are_kept(self, tmp_path):
        with Cache.open(tmp_path) as cache:
            cache.put(TASK_DEFINITION, revisions([1]) | {"web:2": containers(2)})
            assert found(cache, [1]) == revisions([1])

    def test_an_index_without_children_is_a_fact(self, tmp_path):
        with Cache.open(tmp_path) as cache:
            cache.put(INDEX, {DIGEST: []})
            assert cache.get(INDEX, [DIGEST], as_it_is) == {DIGEST: []}

    @pytest.mark.parametrize("value", [float("nan"), object()])
    def test_what_json_cannot_write_is_refused(self, tmp_path, value):
        with Cache.open(tmp_path) as cache, pytest.raises((ValueError, TypeError)):
            cache.put(INDEX, {DIGEST: [value]})


class TestDamage:
    """One warning, an empty cache, and a file that is whole again."""

    @staticmethod
    def check(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
        with Cache.open(folder) as cache:
            assert found(cache, range(1, 101)) == {}
            cache.put(TASK_DEFINITION, revisions([1]))
        (warning,) = warnings(caplog)
        assert f"the cache {folder / FILE} is damaged, so it starts empty: " in warning
        assert get(folder, range(1, 101)) == revisions([1])
        assert len(warnings(caplog)) == 1

    @pytest.fixture
    def folder(self, tmp_path):
        put(tmp_path, revisions(range(1, 101)))
        return tmp_path

    def test_garbage(self, folder, caplog):
        (folder / FILE).write_bytes(b"garbage" * 1000)
        self.check(folder, caplog)

    def test_a_file_cut_short(self, folder, caplog):
        os.truncate(folder / FILE, 5000)
        self.check(folder, caplog)

    def test_a_value_that_is_not_what_was_written(self, folder, caplog):
        path = folder / FILE
        path.write_bytes(path.read_bytes().replace(b'web:7"', b'web:8"'))
        self.check(folder, caplog)

    def test_an_entry_in_the_place_of_another(self, folder, caplog):
        with sqlite3.connect(folder / FILE) as db:
            db.execute("UPDATE facts SET (value, checksum) = (SELECT value, checksum FROM facts)")
        db.close()
        self.check(folder, caplog)

    def test_a_value_of_another_type(self, folder, caplog):
        with sqlite3.connect(folder / FILE) as db:
            db.execute("UPDATE facts SET value = 7")
        db.close()
        self.check(folder, caplog)

    @pytest.mark.parametrize("sql", ["DROP TABLE facts", "ALTER TABLE facts DROP COLUMN checksum"])
    def test_a_table_that_is_not_ours(self, folder, caplog, sql):
        with sqlite3.connect(folder / FILE) as db:
            db.execute(sql)
        db.close()
        self.check(folder, caplog)

    def test_a_file_of_no_length_is_an_empty_cache_and_no_reason_to_warn(self, folder, caplog):
        (folder / FILE).write_bytes(b"")
        assert get(folder, [1]) == {}
        put(folder, revisions([1]))
        assert get(folder, [1]) == revisions([1])
        assert not warnings(caplog)

    def test_damage_during_the_run_loses_what_was_not_written_yet_at_most(self, folder, caplog):
        with Cache.open(folder) as cache:
            (folder / FILE).write_bytes(b"garbage" * 1000)
            assert found(cache, [1]) == {}
            cache.put(TASK_DEFINITION, revisions([2]))
        assert len(warnings(caplog)) == 1
        assert get(folder, [1, 2]) == revisions([2])

    def test_damage_that_comes_back_ends_the_caching(self, folder, caplog):
        with Cache.open(folder) as cache:
            for _ in range(3):
                (folder / FILE).write_bytes(b"garbage" * 1000)
                assert found(cache, [1]) == {}
            cache.put(TASK_DEFINITION, revisions([1]))
            assert found(cache, [1]) == {}
        assert len(warnings(caplog)) == 1

    def test_damage_that_cannot_be_removed_ends_the_caching(self, folder, caplog, monkeypatch):
        (folder / FILE).write_bytes(b"garbage" * 1000)
        refusal = PermissionError(errno.EPERM, "Operation not permitted")
        monkeypatch.setattr(Path, "unlink", lambda path: (_ for _ in ()).throw(refusal))
        assert get(folder, [1]) == {}
        (warning,) = warnings(caplog)
        assert "cannot be used, so this run does without: [Errno 1] Operation not" in warning

    def test_an_answer_that_nobody_asked_for(self, folder, caplog):
        with sqlite3.connect(folder / FILE) as db:
            db.execute("CREATE TABLE other AS SELECT * FROM facts")
            db.execute("DROP TABLE facts")
            columns = "namespace, key TEXT COLLATE NOCASE, value, checksum, used"
            db.execute(f"CREATE TABLE facts ({columns})")
            db.execute("INSERT INTO facts SELECT * FROM other")
            db.execute("UPDATE facts SET key = upper(key)")
        db.close()
        self.check(folder, caplog)

    def test_an_error_that_quotes_what_is_no_text(self, folder, caplog):
        path = folder / FILE
        path.write_bytes(path.read_bytes().replace(b"WITHOUT ROWID", b"WITHOUT " + b"\xff" * 5))
        self.check(folder, caplog)

    @pytest.mark.parametrize("seed", range(60))
    def test_whatever_is_broken_nothing_wrong_comes_out(self, folder, caplog, seed):
        chance = random.Random(seed)
        broken = bytearray((folder / FILE).read_bytes())
        for _ in range(chance.choice([1, 3, 100])):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        if seed % 3 == 0:
            del broken[chance.randrange(len(broken)) :]
        (folder / FILE).write_bytes(broken)
        for _ in range(2):
            with Cache.open(folder) as cache:
                assert found(cache, range(1, 101)).items() <= revisions(range(1, 101)).items()
                cache.put(TASK_DEFINITION, revisions(range(90, 200)))
        assert len(warnings(caplog)) <= 1
        assert get(folder, range(90, 200)) == revisions(range(90, 200))


class TestFormats:
    @pytest.fixture
    def other(self, monkeypatch):
        """Another version of ecrm, while in the context."""

        def patch(number: int) -> None:
            monkeypatch.setattr(facts, "FORMAT", number)
            monkeypatch.setattr(database, "FORMAT", number)

        return patch

    @pytest.mark.parametrize("number", [2, 99])
    def test_another_format_is_forgotten_without_a_word(self, tmp_path, caplog, other, number):
        ours = facts.FORMAT
        other(number)
        put(tmp_path, revisions([1, 2]))
        other(ours)
        assert get(tmp_path, [1, 2]) == {}
        put(tmp_path, revisions([1]))
        assert get(tmp_path, [1, 2]) == revisions([1])
        assert not warnings(caplog)

    def test_another_format_that_comes_while_the_file_is_open_is_not_misread(self, tmp_path, other):
        with Cache.open(tmp_path) as cache:
            other(facts.FORMAT + 1)
            put(tmp_path, {revision(1): containers(999)})
            other(facts.FORMAT - 1)
            assert found(cache, [1]) == {}


class TestSize:
    def test_what_was_used_longest_ago_is_removed_first(self, tmp_path, caplog):
        old, used, new = range(1, 401), range(401, 601), range(1001, 1201)
        limits: dict[str, Any] = {"max_bytes": 200_000}
        put(tmp_path, revisions(old), clock=lambda: 0.0, **limits)
        put(tmp_path, revisions(used), clock=lambda: 0.0, **limits)
        assert get(tmp_path, used, clock=lambda: DAY + 1.0, **limits) == revisions(used)
        put(tmp_path, revisions(new), clock=lambda: 2.0 * DAY, **limits)
        assert (tmp_path / FILE).stat().st_size <= limits["max_bytes"]
        assert get(tmp_path, [*used, *new]) == revisions([*used, *new])
        assert 0 < len(get(tmp_path, old)) < len(old)
        assert not warnings(caplog)

    def test_a_run_never_leaves_more_than_the_bound(self, tmp_path):
        for start in range(1, 10_000, 2_000):
            put(tmp_path, revisions(range(start, start + 2_000)), max_bytes=100_000)
            assert (tmp_path / FILE).stat().st_size <= 100_000
        assert get(tmp_path, range(1, 10_000))

    def test_a_day_without_news_writes_nothing(self, tmp_path):
        put(tmp_path, revisions([1]), clock=lambda: 0.0)
        before = (tmp_path / FILE).stat()
        get(tmp_path, [1], clock=lambda: DAY - 1.0)
        assert (tmp_path / FILE).stat() == before or sys.platform == "win32"
        get(tmp_path, [1], clock=lambda: DAY + 1.0)
        assert (tmp_path / FILE).stat().st_mtime_ns > before.st_mtime_ns


class TestOwnership:
    """B38: a forged task definition would hide an image in use."""

    @staticmethod
    def check(folder: Path, caplog: pytest.LogCaptureFixture, why: str) -> None:
        before = (folder / FILE).stat()
        with Cache.open(folder) as cache:
            assert found(cache, [1]) == {}
            cache.put(TASK_DEFINITION, revisions([2]))
        (warning,) = warnings(caplog)
        assert f"the cache {folder / FILE} cannot be used, so this run does without: " in warning
        assert why in warning
        assert (folder / FILE).stat() == before

    @pytest.fixture
    def folder(self, tmp_path):
        put(tmp_path / "cache", revisions([1]))
        return tmp_path / "cache"

    def test_folder_and_file_are_made_for_the_user_alone(self, tmp_path):
        before = os.umask(0)
        try:
            put(tmp_path / "a" / "cache", revisions([1]))
        finally:
            os.umask(before)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*")]
        assert modes == [0o700, 0o600]

    @pytest.mark.parametrize("mode", [0o620, 0o602])
    def test_a_file_that_others_may_write_is_not_used(self, folder, caplog, mode):
        (folder / FILE).chmod(mode)
        self.check(folder, caplog, "it is not trusted: others may write it")

    @pytest.mark.parametrize("mode", [0o770, 0o1777])
    def test_a_folder_that_others_may_write_is_not_used(self, folder, caplog, mode):
        folder.chmod(mode)
        self.check(folder, caplog, "its folder is not trusted: others may write it")

    def test_a_link_is_not_followed(self, folder, caplog, tmp_path):
        (tmp_path / "link").symlink_to(folder)
        self.check(tmp_path / "link", caplog, "its folder is not trusted: it is a link")

    def test_a_file_that_is_a_link_is_not_followed(self, folder, caplog, tmp_path):
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / FILE).symlink_to(folder / FILE)
        self.check(tmp_path / "other", caplog, "it is not trusted: it is a link")

    def test_what_belongs_to_somebody_else_is_not_used(self, folder, caplog, monkeypatch):
        owner = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
        self.check(folder, caplog, f"its folder is not trusted: it belongs to user {owner}")


class TestSurroundings:
    """The run continues without a cache, with one warning."""

    @staticmethod
    def check(cache: Cache, caplog: pytest.LogCaptureFixture) -> None:
        assert found(cache, [1]) == {}
        cache.put(TASK_DEFINITION, revisions([1]))
        assert found(cache, [1]) == {}
        cache.close()
        (warning,) = warnings(caplog)
        assert "cannot be used, so this run does without: " in warning

    def test_a_folder_that_cannot_be_made(self, tmp_path, caplog):
        (tmp_path / "file").touch()
        self.check(Cache.open(tmp_path / "file" / "ecrm"), caplog)
        assert str(tmp_path / "file" / "ecrm" / FILE) in caplog.text

    def test_a_folder_in_the_place_of_the_file(self, tmp_path, caplog):
        (tmp_path / FILE).mkdir()
        self.check(Cache.open(tmp_path), caplog)
        assert (tmp_path / FILE).is_dir()

    def test_a_disk_that_is_full_when_the_folder_is_made(self, tmp_path, caplog, monkeypatch):
        full = OSError(errno.ENOSPC, "No space left on device")
        monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(full))
        self.check(Cache.open(tmp_path), caplog)
        assert "No space left on device" in caplog.text

    def test_a_disk_that_is_full_when_facts_are_written(self, tmp_path, caplog):
        put(tmp_path, revisions([1]))
        cache = Cache.open(tmp_path)
        connection(cache).execute("PRAGMA max_page_count = 3")  # then SQLite says that it is full
        cache.put(TASK_DEFINITION, revisions(range(1, 2001)))
        self.check(cache, caplog)
        assert "full" in caplog.text
        assert get(tmp_path, range(1, 2001)) == revisions([1])

    def test_what_cannot_be_written_can_still_be_read(self, tmp_path, caplog):
        put(tmp_path, revisions([1]))
        with Cache.open(tmp_path) as cache:
            connection(cache).execute("PRAGMA query_only = ON")
            assert found(cache, [1]) == revisions([1])
            cache.put(TASK_DEFINITION, revisions([2]))
            assert not warnings(caplog)
        (warning,) = warnings(caplog)
        assert "readonly" in warning
        assert get(tmp_path, [1, 2]) == revisions([1])

    def test_another_run_that_does_not_let_go_of_the_file(self, tmp_path, caplog, monkeypatch):
        monkeypatch.setattr(database, "_WAIT", 0.01)
        put(tmp_path, revisions([1]))
        with Cache.open(tmp_path) as other:
            connection(other).execute("BEGIN EXCLUSIVE")
            self.check(Cache.open(tmp_path), caplog)
            assert "locked" in caplog.text
            connection(other).execute("ROLLBACK")
        assert get(tmp_path, [1]) == revisions([1])

    def test_a_cache_that_another_run_clears_meanwhile(self, tmp_path, caplog):
        with Cache.open(tmp_path) as cache:
            clear(tmp_path)
            put(tmp_path, revisions([1]))
            cache.put(TASK_DEFINITION, revisions([2]))
        assert len(warnings(caplog)) <= 1
        assert get(tmp_path, [1]) == revisions([1])
        assert len(warnings(caplog)) <= 1

    def test_a_cache_folder_is_for_its_owner_only(self, tmp_path):
        put(tmp_path / "a" / "ecrm", revisions([1]))
        assert (tmp_path / "a" / "ecrm").stat().st_mode & 0o077 == 0


def write_and_read(folder: Path, first: int, count: int, warned: Any) -> None:
    """Another run of ecrm: sixteen threads put and get, and nothing that is wrong comes out."""
    handler = logging.Handler(logging.WARNING)
    problems: list[str] = []
    handler.emit = lambda record: problems.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("ecrm").addHandler(handler)

    def work(cache: Cache, number: int) -> bool:
        near = range(max(1, number - 3), number + 1)
        cache.put(TASK_DEFINITION, revisions([number]))
        known = found(cache, near)
        return revision(number) in known and known.items() <= revisions(near).items()

    for start in range(first, first + count, 100):
        with Cache.open(folder) as cache, ThreadPoolExecutor(16) as pool:
            numbers = range(start, start + 100)
            if not all(pool.map(lambda number: work(cache, number), numbers)):
                problems.append("something wrong came out")
            if cache.hits + cache.misses < 4 * 97:
                problems.append("something was not counted")
    warned.put(problems)


class TestManyAtOnce:
    def test_threads_share_one_cache(self, tmp_path, caplog, monkeypatch):
        monkeypatch.setattr("ecrm.aws.cache.caching._BATCH", 10)
        warned = RUNS.Queue()
        write_and_read(tmp_path, 1, 500, warned)
        assert warned.get(timeout=10) == []
        assert get(tmp_path, range(1, 501)) == revisions(range(1, 501))
        assert not warnings(caplog)

    @pytest.mark.parametrize("before", [None, b"garbage" * 1000])
    def test_two_runs_at_once_keep_what_either_finds(self, tmp_path, before):
        if before:
            (tmp_path / FILE).write_bytes(before)
        warned = RUNS.Queue()
        runs = [
            RUNS.Process(target=write_and_read, args=(tmp_path, first, 600, warned))
            for first in (1, 301)
        ]
        for run in runs:
            run.start()
        problems = [warned.get(timeout=60) for _ in runs]
        for run in runs:
            run.join(60)
        if not before:
            assert problems == [[], []]
            assert get(tmp_path, range(1, 901)) == revisions(range(1, 901))
        assert "something" not in str(problems)
        assert get(tmp_path, range(1, 901)).items() <= revisions(range(1, 901)).items()


def die_while_writing(folder: Path, statements: int) -> None:
    """Killed after that many statements, when pages of the file are half written."""
    cache, left = Cache.open(folder), iter(range(statements))
    connection(cache).execute("PRAGMA cache_size = 1")
    connection(cache).set_trace_callback(
        lambda _: None if next(left, None) is not None else os.kill(os.getpid(), SIGKILL)
    )
    cache.put(TASK_DEFINITION, revisions(range(101, 3000)))


class TestKilled:
    def test_a_write_that_is_killed_in_the_middle_has_not_happened(self, tmp_path, caplog):
        put(tmp_path, revisions(range(1, 101)))
        runs = [RUNS.Process(target=die_while_writing, args=(tmp_path, 2_000)) for _ in range(2)]
        for run in runs:
            size = (tmp_path / FILE).stat().st_size
            run.start()
            run.join(60)
            assert run.exitcode == -SIGKILL
            assert (tmp_path / f"{FILE}-journal").exists()
            assert (tmp_path / FILE).stat().st_size > size
            assert get(tmp_path, range(1, 3000)) == revisions(range(1, 101))
        put(tmp_path, revisions(range(101, 201)))
        assert get(tmp_path, range(1, 3000)) == revisions(range(1, 201))
        assert not warnings(caplog)


class TestClearing:
    def test_it_removes_everything_and_says_how_many_bytes(self, tmp_path):
        put(tmp_path, revisions([1]))
        (tmp_path / f"{FILE}-journal").write_bytes(b"12345")
        size = (tmp_path / FILE).stat().st_size
        assert clear(tmp_path) == size + 5
        assert list(tmp_path.iterdir()) == []
        assert get(tmp_path, [1]) == {}

    def test_nothing_else_in_the_folder_is_touched(self, tmp_path):
        (tmp_path / "mine.txt").touch()
        put(tmp_path, revisions([1]))
        clear(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]

    def test_where_there_is_no_cache_there_is_nothing_to_remove(self, tmp_path):
        (tmp_path / "file").touch()
        assert clear(tmp_path) == clear(tmp_path / "none") == clear(tmp_path / "file" / "x") == 0

    def test_what_cannot_be_removed_is_said(self, tmp_path):
        (tmp_path / FILE).mkdir()
        with pytest.raises(OutputError, match=r"the cache in .* cannot be removed: "):
            clear(tmp_path)


class TestPlace:
    @pytest.mark.parametrize(
        ("environ", "folder"),
        [
            ({"ECRM_CACHE_DIR": "x", "XDG_CACHE_HOME": "/c", "HOME": "/h"}, Path("x")),
            ({"ECRM_CACHE_DIR": "", "XDG_CACHE_HOME": "/c", "HOME": "/h"}, Path("/c/ecrm")),
            ({"XDG_CACHE_HOME": "c", "HOME": "/h"}, Path("/h/.cache/ecrm")),
            ({"USERPROFILE": "/u"}, Path("/u/.cache/ecrm")),
            ({"HOME": "", "USERPROFILE": ""}, None),
            ({}, None),
        ],
    )
    def test_it_follows_from_the_environment(self, environ, folder):
        assert cache_folder(environ) == folder

    def test_a_file_of_the_cache_can_be_read_with_sqlite(self, tmp_path):
        put(tmp_path, revisions([1]))
        db = sqlite3.connect(tmp_path / FILE)
        ((value,),) = db.execute("SELECT value FROM facts").fetchall()
        db.close()
        assert json.loads(value) == containers(1)


def test_a_fact_that_nobody_asked_for_is_damage(tmp_path):
    """An index that is damaged leads to another row, whose own checksum is right."""
    put(tmp_path, revisions([1, 2]))
    opened = database.Database(tmp_path, 0, 1_000_000)
    rows = opened._connection.execute("SELECT key, value, checksum, 0 FROM facts").fetchall()
    opened.close()

    class Misled:
        def execute(self, *_: object) -> list[Any]:
            return rows

    opened._connection = Misled()  # type: ignore[assignment]
    with pytest.raises(sqlite3.DatabaseError, match="nobody asked"):
        opened.read(TASK_DEFINITION, [revision(1)])
    assert len(opened.read(TASK_DEFINITION, [revision(1), revision(2)])) == 2
