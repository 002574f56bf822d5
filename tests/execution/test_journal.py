"""The journal: true at every moment, never overwritten, and read back as it was written."""

import io
import json
import os
import stat
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.errors import AwsError, InputError, OutputError, UsageError
from ecrm.execution.journal.location import journal_name, open_sink
from ecrm.execution.journal.reading import load_journal, read_journal
from ecrm.execution.journal.records import End, Entry, Header
from ecrm.execution.journal.sinks import FileSink, S3Sink
from ecrm.execution.journal.writing import Journal
from ecrm.model.decision import Decision, Reason
from ecrm.model.image import Image, Status
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.model.rule import Action
from ecrm.workflow.state import state_folder
from tests.model.test_codec import DIGESTS, MOMENTS, TAGS
from tests.strategies import examples
from tests.values import digest

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
HERE = Registry("123456789012", "us-east-1")
DIGEST = "sha256:" + "a" * 64
IMAGE = Image(
    DIGEST, ("v1",), datetime(2026, 1, 2, tzinfo=UTC), 1000, "application/x", "art", digest("s")
)
DELETION = Decision(IMAGE, Reason.EXPIRED, "age 324 d", related=digest("r"), action=Action.DELETE)


class Memory:
    """A sink that keeps each append, and can fail at one of them."""

    def __init__(self, full_at: int = 0) -> None:
        self.appends: list[str] = []
        self.closed = False
        self.full_at = full_at

    def append(self, text: str) -> None:
        if len(self.appends) + 1 == self.full_at:
            self.appends.append(text[: len(text) // 2])
            raise OutputError("disk full")
        self.appends.append(text)

    def close(self) -> None:
        self.closed = True

    @property
    def lines(self) -> list[str]:
        return "".join(self.appends).splitlines()


def journal(sink) -> Journal:
    return Journal(sink, lambda: NOW)


def begin(writer: Journal) -> None:
    writer.begin(version="1.2.3", targets=[HERE], config="c0ffee")


def outcome(
    answer: OutcomeStatus = OutcomeStatus.DELETED, decision: Decision = DELETION, detail: str = ""
) -> Outcome:
    return Outcome(HERE, "app", decision, answer, detail)


def written(*steps) -> str:
    sink = Memory()
    with journal(sink) as writer:
        begin(writer)
        for step in steps:
            step(writer)
        writer.end(complete=True)
    return "".join(sink.appends)


def run(sink, *steps) -> None:
    with journal(sink) as writer:
        for step in steps:
            step(writer)


def stopped_by(error: BaseException):
    def step(_: Journal) -> None:
        raise error

    return step


def intend(writer: Journal, decision: Decision = DELETION, manifest: str | None = "{}") -> None:
    manifests = {} if manifest is None else {decision.image.digest: manifest}
    writer.intend(HERE, "app", [decision], manifests, {})


def read(text: str):
    return read_journal(text.split("\n"), "j")


# -- what is written ------------------------------------------------------------------------------


def test_a_journal_is_json_lines_in_the_order_in_which_things_happened():
    text = written(intend, lambda writer: writer.record([outcome(detail="")]))
    at = '"at": "2026-11-22T01:30:00+00:00"'
    where = '"registry": "123456789012/us-east-1", "repository": "app"'
    header, image, answer, end = text.splitlines()
    assert header == (
        f'{{"type": "header", "format": 1, {at}, "version": "1.2.3", '
        '"targets": ["123456789012/us-east-1"], "config": "c0ffee"}'
    )
    assert image == (
        f'{{"type": "image", {at}, {where}, "decision": {{"image": {{"digest": "{DIGEST}", '
        '"tags": ["v1"], "pushed_at": "2026-01-02T00:00:00+00:00", "size": 1000, '
        '"media_type": "application/x", "artifact_type": "art", '
        f'"subject": "{digest("s")}"}}, '
        f'"reason": "expired", "detail": "age 324 d", "related": "{digest("r")}", '
        '"action": "delete"}, "manifest": "{}"}'
    )
    assert (
        answer == f'{{"type": "outcome", {at}, {where}, "digest": "{DIGEST}", "status": "deleted"}}'
    )
    assert end == f'{{"type": "end", {at}, "complete": true, "counts": {{"deleted": 1}}}}'


def test_all_lines_of_a_step_are_one_append():
    sink = Memory()
    with journal(sink) as writer:
        begin(writer)
        writer.intend(HERE, "app", [DELETION, DELETION, DELETION], {}, {})
        writer.record([outcome(), outcome(OutcomeStatus.FAILED)])
        writer.end(complete=True)
    assert [text.count("\n") for text in sink.appends] == [1, 3, 2, 1]
    assert json.loads(sink.lines[-1])["counts"] == {"deleted": 1, OutcomeStatus.FAILED: 1}


def test_a_step_without_images_writes_nothing():
    sink = Memory()
    with journal(sink) as writer:
        begin(writer)
        writer.intend(HERE, "app", [], {}, {})
        writer.record([])
        assert len(sink.appends) == 1


def test_an_image_that_is_archived_has_no_manifest():
    archived = Decision(IMAGE, Reason.EXPIRED, action=Action.ARCHIVE)
    text = written(lambda writer: intend(writer, archived, None))
    assert "manifest" not in json.loads(text.splitlines()[1])


def test_a_run_that_fails_says_that_it_did_not_come_to_its_end():
    sink = Memory()
    with pytest.raises(KeyboardInterrupt):
        run(sink, begin, stopped_by(KeyboardInterrupt()))
    assert json.loads(sink.lines[-1])["complete"] is False
    assert sink.closed


def test_a_run_that_never_began_writes_nothing_at_all():
    sink = Memory()
    with journal(sink):
        pass
    assert sink.appends == []


def test_after_a_failed_write_nothing_else_is_written():
    sink = Memory(full_at=2)
    with pytest.raises(OutputError, match="disk full"):
        run(sink, begin, intend)
    assert len(sink.appends) == 2
    assert sink.closed
    contents = read("".join(sink.appends))
    assert (contents.entries, contents.end) == ((), None)


def test_a_journal_that_could_not_be_written_takes_nothing_more():
    sink = Memory(full_at=1)
    writer = journal(sink)
    with pytest.raises(OutputError):
        begin(writer)
    with pytest.raises(AssertionError):
        intend(writer)


def test_the_first_error_is_reported_when_the_footer_cannot_be_written_either():
    with pytest.raises(ValueError, match="first"):
        run(Memory(full_at=2), begin, stopped_by(ValueError("first")))


# -- files ----------------------------------------------------------------------------------------


def test_each_step_is_on_disk_before_it_returns(tmp_path, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    path = tmp_path / "not" / "there" / "yet.jsonl"
    with journal(FileSink(path)) as writer:
        for step in (begin, intend, lambda writer: writer.record([outcome()])):
            step(writer)
            assert synced[-1] == path.stat().st_size
            assert path.read_text().endswith("\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_journal(str(path), pytest.fail).end == End(NOW, False, {OutcomeStatus.DELETED: 1})


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    path = tmp_path / "j.jsonl"
    path.write_text("precious")
    with pytest.raises(OutputError) as error:
        begin(journal(FileSink(path)))
    assert str(error.value) == (
        f"the journal {path} is there already and is never overwritten; name another"
    )
    assert path.read_text() == "precious"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_full_disk_stops_the_run():
    with pytest.raises(OutputError) as error, journal(FileSink(Path("/dev/full"))) as writer:
        begin(writer)
    assert str(error.value) == (
        "the journal /dev/full cannot be written: No space left on device; "
        "nothing is deleted without a journal"
    )


def test_a_folder_that_cannot_be_made_stops_the_run(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "folder" / "j.jsonl"
    with pytest.raises(OutputError) as error:
        begin(journal(FileSink(path)))
    assert str(error.value) == (
        f"the journal {path} cannot be written: its folder cannot be made: Not a directory; "
        "nothing is deleted without a journal"
    )


def test_a_folder_that_takes_no_files_stops_the_run():
    with pytest.raises(OutputError, match=r"the journal /proc/self/j\.jsonl cannot be written: "):
        begin(journal(FileSink(Path("/proc/self/j.jsonl"))))


def test_a_folder_is_no_journal(tmp_path):
    with pytest.raises(OutputError, match="is there already"):
        begin(journal(FileSink(tmp_path)))


def test_a_pipe_may_take_the_journal(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with journal(FileSink(tmp_path / "pipe")) as writer:
        begin(writer)
    assert [json.loads(line)["type"] for line in os.read(reader, 9999).splitlines()] == [
        "header",
        "end",
    ]
    os.close(reader)


# -- S3 -------------------------------------------------------------------------------------------


@pytest.fixture
def s3():
    made = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(made) as stub:
        yield made, stub
        stub.assert_no_pending_responses()


def test_in_s3_each_step_is_an_object_of_its_own(s3):
    client, stub = s3
    sink = S3Sink(client, "b", "runs/today")
    for number, text in enumerate(("one\n", "two\n"), 1):
        expected = {
            "Bucket": "b",
            "Key": f"runs/today/0000{number}.jsonl",
            "Body": text.encode(),
            "ContentType": "application/x-ndjson",
            "IfNoneMatch": "*",
        }
        stub.add_response("put_object", {}, expected)
        sink.append(text)
    sink.close()


def test_in_s3_nothing_is_overwritten_either(s3):
    client, stub = s3
    stub.add_client_error("put_object", "PreconditionFailed", "exists", 412)
    with pytest.raises(OutputError, match="the journal s3://b/k is there already"):
        begin(journal(S3Sink(client, "b", "k")))


def test_what_s3_refuses_is_reported_and_stops_the_run(s3):
    client, stub = s3
    stub.add_client_error("put_object", "AccessDenied", "no", 403)
    with pytest.raises(OutputError) as error:
        begin(journal(S3Sink(client, "b", "k")))
    assert str(error.value) == (
        "the journal s3://b/k cannot be written: s3:PutObject is denied; allow it: no; "
        "nothing is deleted without a journal"
    )


def stub_parts(stub: Stubber, parts: dict[str, str], *, read: bool = True) -> None:
    names = list(parts)
    pages = [names[:1], names[1:]]
    for number, page in enumerate(pages):
        answer = {"Contents": [{"Key": f"k/{name}"} for name in page], "IsTruncated": number == 0}
        token = {"ContinuationToken": "more"} if number else {}
        more = {} if number else {"NextContinuationToken": "more"}
        stub.add_response("list_objects_v2", answer | more, {"Bucket": "b", "Prefix": "k/"} | token)
    for name in sorted(parts, key=lambda name: (len(name), name)) if read else ():
        body = parts[name].encode()
        answer = {"Body": StreamingBody(io.BytesIO(body), len(body))}
        stub.add_response("get_object", answer, {"Bucket": "b", "Key": f"k/{name}"})


def test_the_objects_of_s3_are_read_in_the_order_of_their_numbers(s3):
    client, stub = s3
    lines = written(intend).splitlines(keepends=True)
    stub_parts(stub, {f"0000{number}.jsonl": line for number, line in enumerate(lines, 1)})
    contents = load_journal("s3://b/k/", lambda: client)
    assert [entry.image.digest for entry in contents.entries] == [DIGEST]
    assert contents.end is not None


def test_a_missing_object_is_damage(s3):
    client, stub = s3
    stub_parts(stub, {"00001.jsonl": written(), "00003.jsonl": ""}, read=False)
    body = StreamingBody(io.BytesIO(b""), 0)
    stub.add_response("get_object", {"Body": body}, {"Bucket": "b", "Key": "k/00001.jsonl"})
    with pytest.raises(InputError, match=r"s3://b/k: the part 00002.jsonl is missing"):
        load_journal("s3://b/k", lambda: client)


def test_no_object_is_no_journal(s3):
    client, stub = s3
    stub.add_response("list_objects_v2", {}, {"Bucket": "b", "Prefix": "k/"})
    with pytest.raises(InputError, match="there is no journal s3://b/k"):
        load_journal("s3://b/k", lambda: client)


def test_what_s3_refuses_to_read_is_an_error_of_aws(s3):
    client, stub = s3
    stub.add_client_error("list_objects_v2", "NoSuchBucket", "gone", 404)
    with pytest.raises(AwsError, match="s3:ListBucket: NoSuchBucket: gone"):
        load_journal("s3://b/k", lambda: client)


# -- names ----------------------------------------------------------------------------------------


def test_a_journal_is_named_after_its_moment_and_its_target(tmp_path):
    now = NOW.astimezone(timezone(timedelta(hours=9)))
    name = journal_name(now, HERE)
    assert name == "20261122T013000Z-123456789012-us-east-1"
    first = open_sink(f"{tmp_path}/journals/", name, pytest.fail)
    first.append("")
    second = open_sink(f"{tmp_path}/journals/", name, pytest.fail)
    assert str(second) == f"{tmp_path}/journals/{name}-2.jsonl"


def test_a_location_is_a_file_a_folder_or_in_s3(tmp_path):
    name = journal_name(NOW, HERE)
    assert str(open_sink(f"{tmp_path}/j", name, pytest.fail)) == f"{tmp_path}/j"
    assert str(open_sink(f"{tmp_path}/new/", name, pytest.fail)) == f"{tmp_path}/new/{name}.jsonl"
    assert str(open_sink(str(tmp_path), name, pytest.fail)) == f"{tmp_path}/{name}.jsonl"
    assert str(open_sink("s3://b/k", name, object)) == "s3://b/k"
    assert str(open_sink("s3://b/", name, object)) == f"s3://b/{name}"
    for wrong in ("s3://b", "s3:///k"):
        with pytest.raises(UsageError, match=f"{wrong} names no journal; write s3://bucket/key"):
            open_sink(wrong, name, object)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"ECRM_STATE_DIR": "/e", "XDG_STATE_HOME": "/x", "HOME": "/h"}, "/e"),
        ({"ECRM_STATE_DIR": "s3://b/ecrm/"}, "s3://b/ecrm"),
        ({"ECRM_STATE_DIR": "", "XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/ecrm"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/ecrm"),
        ({"HOME": "/h"}, "/h/.local/state/ecrm"),
        ({"USERPROFILE": "/u"}, "/u/.local/state/ecrm"),
    ],
)
def test_the_state_folder_is_where_the_environment_says(environ, folder):
    assert state_folder(environ) == folder


def test_without_a_home_the_state_folder_must_be_named():
    with pytest.raises(UsageError, match="set ECRM_STATE_DIR"):
        state_folder({})


# -- reading --------------------------------------------------------------------------------------

texts = st.text(max_size=20)
optional = st.none() | texts
images = st.builds(
    Image,
    DIGESTS,
    st.lists(TAGS, max_size=3).map(tuple),
    MOMENTS,
    st.integers(0, 2**63 - 1),
    optional,
    optional,
    st.none() | DIGESTS,
    st.none(),  # of the rest a journal says nothing
    st.just(Status.ACTIVE),
    st.none(),
    st.none(),
)
decisions = st.builds(
    Decision,
    images,
    st.sampled_from(Reason),
    texts,
    related=st.none() | DIGESTS,
    uses=st.just(()),
    action=st.sampled_from([Action.DELETE, Action.ARCHIVE]),
)


@settings(max_examples=examples(100))
@given(
    st.lists(
        st.tuples(decisions, optional, st.none() | st.sampled_from(OutcomeStatus), texts),
        max_size=5,
        unique_by=lambda fact: fact[0].image.digest,
    ),
    MOMENTS,
)
def test_what_is_written_is_read_back(facts, now):
    sink = Memory()
    with Journal(sink, lambda: now) as writer:
        writer.begin(version="1", targets=[HERE], config="c")
        for decision, manifest, answer, detail in facts:
            intend(writer, decision, manifest)
            if answer:
                writer.record([outcome(answer, decision, detail)])
        writer.end(complete=True)
    contents = read("".join(sink.appends))
    assert contents.header == Header(now, "1", (HERE,), "c")
    assert contents.entries == tuple(
        Entry(now, HERE, "app", decision, manifest, answer, detail if answer else "")
        for decision, manifest, answer, detail in facts
    )
    assert contents.end is not None
    assert sum(contents.end.counts.values()) == sum(1 for fact in facts if fact[2])


def test_a_killed_run_leaves_a_true_journal_wherever_it_was_cut_off():
    text = written(intend, lambda writer: writer.record([outcome()]))
    header, image, answer, _ = text.splitlines(keepends=True)
    for cut in range(len(header) - 1, len(text) + 1):
        contents = read(text[:cut])
        done = cut + 1  # a line whose newline alone is missing is whole
        assert len(contents.entries) == (done >= len(header + image))
        for entry in contents.entries:
            answered = done >= len(header + image + answer)
            assert entry.status == (OutcomeStatus.DELETED if answered else None)
        assert (contents.end is not None) == (done >= len(text))


def test_a_run_killed_in_its_first_line_deleted_nothing():
    for text in ("", '{"type": "hea'):
        with pytest.raises(InputError, match="j: this journal is empty; its run deleted nothing"):
            read(text)


@pytest.mark.parametrize("text", ["[" * 10_000, "repositories: []", '{"ecrm_plan'])
def test_another_file_is_no_journal_of_a_run_that_deleted_nothing(text: str):
    with pytest.raises(InputError, match=r"^j, line 1: "):
        read(text)


def test_an_image_that_is_tried_again_has_no_answer_until_the_next():
    text = written(
        intend,
        lambda writer: writer.record([outcome(OutcomeStatus.FAILED)]),
        lambda writer: intend(writer, manifest=None),
    )
    (entry,) = read(text).entries
    assert (entry.status, entry.manifest) == (None, "{}")


def test_an_outcome_without_an_intent_is_of_an_image_that_was_skipped():
    text = written(
        lambda writer: writer.record([outcome(OutcomeStatus.SKIPPED, detail="in use now")])
    )
    assert read(text).entries == ()


def damaged(place: int, *path: str, **changes: object) -> str:
    """A journal in whose line at that place members of the object at `path` are others."""
    lines = written(intend, lambda writer: writer.record([outcome()])).splitlines()
    record = inner = json.loads(lines[place])
    for member in path:
        inner = inner[member]
    inner |= changes
    for member in [key for key, value in inner.items() if value == "gone"]:
        del inner[member]
    lines[place] = json.dumps(record)
    return "\n".join(lines)


HUGE = 10**30
HEADER = written().splitlines()[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "\n".join(written(intend).splitlines()[1:]),
            "j: it has no header that can be read",
        ),
        (damaged(0, format="1"), "j, line 1: format: it is missing or not a whole number"),
        (damaged(0, targets=["nowhere"]), "j, line 1: targets[0]: 'nowhere' is not a registry"),
        (damaged(0, targets=[1]), "j, line 1: targets[0]: 1 is not a text"),
        (f"{HEADER}\n{HEADER}\n", "j, line 2: a journal of ecrm has one header"),
        (damaged(1, type="cow"), "j, line 2: 'cow' is not a type of line"),
        (damaged(1, type=[]), "j, line 2: a list is not a type of line"),
        (
            damaged(1, "decision", "image", digest="gone"),
            "j, line 2: decision.image.digest: is mis",
        ),
        (
            damaged(1, "decision", "image", tags="v1"),
            "j, line 2: decision.image.tags: 'v1' is not a list",
        ),
        (
            damaged(1, "decision", "image", size=HUGE),
            "j, line 2: decision.image.size: is larger than any number here can be",
        ),
        (damaged(1, manifest={}), "j, line 2: manifest: an object is not a text"),
        (damaged(1, manifests="{}"), "j, line 2: manifests: is not known here"),
        (
            damaged(1, "decision", reason="whim"),
            "j, line 2: decision.reason: 'whim' is none of in_u",
        ),
        (damaged(1, at="2026-01-01"), "j, line 2: at: '2026-01-01' has no time zone"),
        (damaged(2, status="perhaps"), "j, line 3: status: 'perhaps' is none of deleted, archived"),
        (damaged(3, counts={"deleted": "1"}), "j, line 4: counts[deleted]: '1' is not a whole num"),
        (written() + written(), "j, line 3: a journal of ecrm has one header"),
        (written() + written(intend).splitlines()[1], "j, line 3: something follows the end"),
        (written().replace("}\n", "\n", 1), "j, line 1: this is not JSON"),
        (f"{'[' * 100_000}\n{HEADER}\n", "j, line 1: this is not JSON (it is nested too deep)"),
        (f"[]\n{HEADER}\n", "j, line 1: this is not a line of a journal"),
    ],
)
def test_a_broken_line_costs_that_line_and_is_reported(text, message):
    contents = read(text)
    assert contents.left_out[0].startswith(message)
    assert len(contents.left_out) <= 3  # a line with an outcome, an end, or the header too


def test_the_lines_beside_a_broken_one_are_read():
    others = [Decision(IMAGE._replace(digest=digest(name)), Reason.EXPIRED) for name in "abc"]
    lines = written(*(partial(intend, decision=other) for other in others)).splitlines()
    for broken in ("{", "[]", "\x00", '{"type": "image"}', "[" * 100_000, '"\\ud800"', "9" * 5000):
        contents = read("\n".join([*lines[:2], broken, *lines[3:]]))
        found = [entry.image.digest for entry in contents.entries]
        assert found == [digest("a"), digest("c")]
        assert [line.startswith("j, line 3: ") for line in contents.left_out] == [True]
        assert contents.header is not None


def test_a_journal_of_a_newer_format_is_refused_as_a_whole():
    with pytest.raises(InputError, match="j, line 1: format 2 is that of a newer ecrm"):
        read(damaged(0, format=2))


@pytest.mark.parametrize("text", ["no journal\nat all", "[]\n[]\n", "\x00\n\x00\n\x00"])
def test_a_file_without_any_line_of_a_journal_is_refused(text):
    with pytest.raises(InputError, match="j, line 1: this is not "):
        read(text)


def test_b38_a_line_of_a_registry_that_the_run_had_nothing_to_do_with_is_left_out():
    there = "210987654321/eu-west-1"
    contents = read(damaged(1, registry=there))
    assert contents.entries == ()
    assert contents.left_out == (f"j, line 2: its run had nothing to do with {there}",)


WHOLE = written(intend, lambda writer: writer.record([outcome()])).encode()


@settings(max_examples=examples(300))
@given(st.integers(0, len(WHOLE)), st.integers(0, 40), st.binary(max_size=12))
def test_a_damaged_journal_is_read_or_refused_in_one_line(start, length, new):
    text = WHOLE[:start] + new + WHOLE[start + length :]
    problems: tuple[str, ...]
    try:
        problems = read(text.decode(errors="surrogateescape")).left_out
    except InputError as error:
        problems = (str(error),)
    assert all(len(problem.splitlines()) == 1 for problem in problems)


def test_a_file_that_cannot_be_read_is_reported(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file or directory"):
        load_journal(str(tmp_path / "none"), pytest.fail)


def test_what_is_left_out_of_a_file_is_said(tmp_path, caplog):
    lines = written(intend).encode().splitlines()
    broken = [lines[1].replace(b"v1", b"\xff")] * 12
    (tmp_path / "j").write_bytes(b"\n".join([lines[0], *broken, *lines[1:]]))
    contents = load_journal(str(tmp_path / "j"), pytest.fail)
    assert (len(contents.entries), len(contents.left_out)) == (1, 12)
    assert caplog.messages[0].startswith(f"{tmp_path}/j, line 2: decision.image.tags[0]: ")
    assert caplog.messages[-1] == f"{tmp_path}/j: 2 more lines are left out"
    assert len(caplog.messages) == 11


# -- whose it is ----------------------------------------------------------------------------------


def test_b38_a_journal_that_others_may_write_is_not_read(tmp_path):
    path = tmp_path / "j"
    path.write_text(written(intend))
    path.chmod(0o620)
    with pytest.raises(InputError, match="j: is not trusted: others may write it; run chmod go-w"):
        load_journal(str(path), pytest.fail)
    path.chmod(0o640)
    assert len(load_journal(str(path), pytest.fail).entries) == 1


@pytest.mark.parametrize("target", ["/dev/null", "precious", "none"])
def test_b38_a_link_in_the_place_of_a_new_journal_is_not_followed(tmp_path, target):
    """Else whoever may write the folder could send the journal to /dev/null."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "j").symlink_to(target)
    with pytest.raises(OutputError, match="j is there already and is never overwritten"):
        begin(journal(FileSink(tmp_path / "j")))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["j", "precious"]
    assert (tmp_path / "precious").read_text() == "precious"


def test_b38_a_pipe_of_somebody_else_takes_no_journal(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(OutputError, match="is there already"):
        begin(journal(FileSink(tmp_path / "pipe")))


def test_the_folders_of_a_journal_are_made_for_the_user_alone(tmp_path):
    before = os.umask(0)
    try:
        with journal(FileSink(tmp_path / "state" / "journals" / "j")) as writer:
            begin(writer)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in sorted(tmp_path.rglob("*"))]
    assert modes == [0o700, 0o700, 0o600]
