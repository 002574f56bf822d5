"""Files of the working tree: which ones a glob matches, and everything that keeps one unread."""

import os
from pathlib import Path

import pytest

from ecrm.model.reference import Reference
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import SourceLocation, Use
from ecrm.sources.files import working_tree as files
from ecrm.sources.files.working_tree import matching, tree_uses
from tests.stubs import HOST

TEXT = f"image: {HOST}/web:v1\n"


def write(root: Path, *names: str, text: str = TEXT) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def matches(root: Path, glob: str) -> list[str]:
    found = list(matching(glob, root))
    return [str(path.relative_to(root)) for path in found if isinstance(path, Path)]


def uses(root: Path, *globs: str) -> list[Use]:
    found = list(tree_uses(globs, root))
    assert [item for item in found if isinstance(item, Diagnostic)] == []
    return [item for item in found if isinstance(item, Use)]


def uses_of(glob: str) -> list[Use]:
    return [item for item in tree_uses([glob], Path()) if isinstance(item, Use)]


def notes(root: Path, *globs: str) -> list[tuple[str, str]]:
    found = tree_uses(globs, root)
    return [(item.status.value, item.text) for item in found if isinstance(item, Diagnostic)]


def test_a_use_tells_file_line_and_keys(tmp_path):
    write(tmp_path, "deploy/web.yaml", text=f"\ncontainers:\n- name: app\n  {TEXT}")
    [use] = uses(tmp_path, "deploy/*.yaml")
    assert use == Use(
        Reference.parse(f"{HOST}/web:v1"),
        "working tree",
        "file deploy/web.yaml",
        "line 4",
        ("containers.app.image",),
        SourceLocation("deploy/web.yaml", 4),
    )
    assert str(use) == "file deploy/web.yaml (line 4) → containers.app.image"


def test_what_has_no_keys_has_no_path(tmp_path):
    write(tmp_path, "run.sh", text=f"docker run {HOST}/web:v1")
    assert str(uses(tmp_path, "run.sh")[0]) == "file run.sh (line 1)"


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("a.yaml", ["a.yaml"]),
        ("./a.yaml", ["a.yaml"]),
        ("*.yaml", ["a.yaml"]),
        ("?.yaml", ["a.yaml"]),
        ("[ab].yaml", ["a.yaml"]),
        ("*", ["Dockerfile", "a.yaml"]),
        ("*/*.yaml", ["k8s/b.yaml"]),
        ("k8s/**/*.yaml", ["k8s/b.yaml", "k8s/dev/deep/c.yaml"]),
        ("**/*.yaml", ["a.yaml", "k8s/b.yaml", "k8s/dev/deep/c.yaml"]),
        ("**/**/*.yaml", ["a.yaml", "k8s/b.yaml", "k8s/dev/deep/c.yaml"]),
        ("**/deep/**/*.yaml", ["k8s/dev/deep/c.yaml"]),
        ("k8s/**", ["k8s/b.yaml", "k8s/dev/deep/c.yaml"]),
        ("k8s/dev/../b.yaml", ["k8s/dev/../b.yaml"]),
        (".github/*.yaml", [".github/d.yaml"]),
        (".*/*.yaml", [".git/e.yaml", ".github/d.yaml"]),
        ("A.yaml", []),
        ("k8s", []),
        ("k8s/b.yaml/x", []),
        ("none/**", []),
        ("**/none", []),
        (".", []),
        ("/", []),
    ],
)
def test_globs_match_files_but_hidden_ones_only_where_they_say_so(tmp_path, glob, expected):
    write(tmp_path, "a.yaml", "Dockerfile", "k8s/b.yaml", "k8s/dev/deep/c.yaml")
    write(tmp_path, ".github/d.yaml", ".git/e.yaml", "k8s/.hidden/f.yaml", "k8s/.g.yaml")
    assert matches(tmp_path, glob) == expected


def test_a_glob_may_be_absolute(tmp_path):
    write(tmp_path, "deploy/a.yaml")
    assert uses(tmp_path, f"{tmp_path}/**/*.yaml")[0].location == SourceLocation("deploy/a.yaml", 1)


@pytest.mark.parametrize(
    "glob",
    [
        *("../secret/a.yaml", "../secret/*", "tree/../../secret/a.yaml", "*/../../secret/a.yaml"),
        *("{}/secret/a.yaml", "{}/secret/**", "{}/*/a.yaml", "{}/work/../secret/a.yaml"),
        *("file.yaml", "*.yaml", "folder/a.yaml", "folder/**", "*/a.yaml", "deep/link/a.yaml"),
    ],
)
def test_b46_what_leads_out_of_the_folder_is_refused(tmp_path, monkeypatch, glob):
    """By `..`, from the top, by a link to a file or to a folder, or by a link to such a link."""
    tree = tmp_path / "work"
    write(tmp_path, "secret/a.yaml")
    write(tmp_path, "work/tree/b.json", "work/deep/b.json")
    (tree / "file.yaml").symlink_to(tmp_path / "secret" / "a.yaml")
    (tree / "folder").symlink_to("../secret")
    (tree / "deep" / "link").symlink_to(tree / "folder")
    monkeypatch.chdir(tree)
    seen: list[str] = []
    scandir = os.scandir

    def look_into(path: Path) -> object:
        seen.append(os.path.realpath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", look_into)
    found = notes(Path(), glob.format(tmp_path))
    assert any("leads out of the folder that ecrm runs in" in text for _, text in found)
    assert {status for status, _ in found} == {"failed"}
    assert uses_of(glob.format(tmp_path)) == []
    assert [path for path in seen if not path.startswith(str(tree))] == []


def test_a_link_within_the_folder_is_followed(tmp_path):
    write(tmp_path, "a/b.yaml")
    (tmp_path / "link").symlink_to("a")
    assert matches(tmp_path, "link/b.yaml") == ["link/b.yaml"]
    assert matches(tmp_path, "link/../a/b.yaml") == ["link/../a/b.yaml"]


def test_a_glob_is_of_the_folder_that_ecrm_runs_in(tmp_path, monkeypatch):
    write(tmp_path, "deploy/a.yaml")
    monkeypatch.chdir(tmp_path)
    assert [use.location for use in uses(Path(), "**/*.yaml")] == [
        SourceLocation("deploy/a.yaml", 1)
    ]


def test_a_file_of_two_globs_is_read_once(tmp_path):
    write(tmp_path, "a.yaml")
    assert len(uses(tmp_path, "*.yaml", "a.*", "**")) == 1


def test_links_lead_to_files_and_never_round_in_a_circle(tmp_path):
    write(tmp_path, "k8s/a.yaml")
    (tmp_path / "k8s" / "round").symlink_to(tmp_path / "k8s")
    (tmp_path / "k8s" / "again").symlink_to(tmp_path)
    (tmp_path / "k8s" / "b.yaml").symlink_to(tmp_path / "k8s" / "a.yaml")
    (tmp_path / "k8s" / "self.yaml").symlink_to(tmp_path / "k8s" / "self.yaml")
    (tmp_path / "k8s" / "gone.yaml").symlink_to(tmp_path / "none")
    assert matches(tmp_path, "**/*.yaml") == ["k8s/a.yaml", "k8s/b.yaml"]
    assert matches(tmp_path, "k8s/round/*.yaml") == ["k8s/round/a.yaml", "k8s/round/b.yaml"]


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert matches(tmp_path, "*") == []


@pytest.mark.parametrize("glob", ["deplyo/*.json", "deploy", "[", "a\nb"])
def test_a_glob_that_matches_no_file_leaves_the_scan_incomplete(tmp_path, glob):
    write(tmp_path, "deploy/a.json")
    shown = glob.replace("\n", "\\n")
    hint = "it is relative to the folder that ecrm runs in"
    assert notes(tmp_path, glob) == [("failed", f"{shown}: matches no file; {hint}")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: \xff\n", ("failed", "a.yaml:1: is not UTF-8; save the file as UTF-8")),
        ("a: b".encode("utf-16"), ("failed", "a.yaml:1: is not UTF-8; save the file as UTF-8")),
        (
            b"a: [\n",
            ("failed", "a.yaml:2: not YAML: while parsing a flow node, expected the node "),
        ),
        (b"\x7fELF\0\0\0\xff", ("read", "a.yaml: is not text, and was skipped")),
        (b"a: b\n" * 30, ("failed", "a.yaml: is larger than 5 MB and was not read; leave it out ")),
        (
            b"image: ${TAG}",
            ("read", "a.yaml:1: ${TAG} is a template that cannot be resolved"),
        ),
        (
            b'image: "<%= a %>\\e[1m"',
            ("read", "a.yaml:1: <%= a %>\\x1b[1m is a template that cannot be resolved"),
        ),
    ],
)
def test_what_cannot_be_read_or_resolved_is_reported_in_one_line(
    tmp_path, monkeypatch, content, expected
):
    monkeypatch.setattr(files, "_MOST_BYTES", 100)
    (tmp_path / "a.yaml").write_bytes(content)
    [(status, text)] = notes(tmp_path, "a.yaml")
    assert status == expected[0]
    assert text.startswith(expected[1])
    assert text.isprintable()


def test_a_long_text_is_cut_short(tmp_path):
    write(tmp_path, "a.yaml", text=f"image: {'x' * 500}${{TAG}}/X")
    [(_, text)] = notes(tmp_path, "a.yaml")
    assert text == f"a.yaml:1: {'x' * 200}... is a template that cannot be resolved"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + f'{{"image": "{HOST}/a:1"}}'.encode())
    (tmp_path / "Dockerfile").write_bytes(b"\xef\xbb\xbf" + f"FROM {HOST}/a".encode())
    assert len(uses(tmp_path, "a.json", "Dockerfile")) == 2


def test_what_is_assumed_is_reported_and_protects(tmp_path):
    write(tmp_path, "compose.yaml", text=f"image: {HOST}/web:${{TAG:-v1}}")
    use, note = sorted(tree_uses(["*"], tmp_path), key=lambda item: isinstance(item, Diagnostic))
    assert isinstance(use, Use)
    assert str(use.reference) == f"{HOST}/web:v1"
    text = f"compose.yaml:1: {HOST}/web:${{TAG:-v1}} is a template; its default was taken"
    assert note == Diagnostic(ReadStatus.READ, text)


def test_what_a_broken_file_names_still_counts(tmp_path):
    write(tmp_path, "a.json", text=f'{{"image": "{HOST}/web:v1"')
    found = list(tree_uses(["a.json"], tmp_path))
    assert [isinstance(item, Use) for item in found] == [False, True]


def test_a_folder_that_cannot_be_listed_leaves_the_scan_incomplete(tmp_path, monkeypatch):
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "scandir", refuse)
    texts = [text for _, text in notes(tmp_path, "**/*.yaml")]
    assert texts[0] == f"{tmp_path}: cannot be read: Permission denied"


def test_a_file_that_cannot_be_opened_leaves_the_scan_incomplete(tmp_path, monkeypatch):
    write(tmp_path, "a.yaml")

    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    assert notes(tmp_path, "a.yaml") == [("failed", "a.yaml: cannot be read: Permission denied")]


def test_a_name_that_no_file_can_have_leaves_the_scan_incomplete(tmp_path):
    """Both that it was not read and that nothing was."""
    found = notes(tmp_path, "x" * 5000)
    assert [status for status, _ in found] == ["failed", "failed"]
    assert "File name too long" in found[0][1]
