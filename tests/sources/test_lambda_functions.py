"""Lambda: every version that can be called needs its image for ever."""

from collections.abc import Iterator
from typing import Any

import pytest

from ecrm.config import Config, History
from ecrm.model.pattern import NamePattern
from ecrm.model.scan import Diagnostic, ReadStatus
from ecrm.model.use import Use
from ecrm.sources.items import Question, SeenResource
from ecrm.sources.lambda_functions import LAMBDA
from tests.sources.reading import found_by
from tests.stubs import HOST, Params, Stubs
from tests.values import digest

THUMBS = f"{HOST}/thumbs"
ARN = "arn:aws:lambda:us-east-1:123456789012:function"


@pytest.fixture
def aws() -> Iterator[Stubs]:
    with Stubs() as stubs:
        yield stubs


def row(name: str, version: object, package: str = "Image") -> Params:
    return {"FunctionName": name, "Version": str(version), "PackageType": package}


def functions(aws: Stubs, *rows: Params) -> None:
    aws.answer("ListFunctions", {"Functions": list(rows)}, FunctionVersion="ALL")


def versions(aws: Stubs, *numbers: int, name: str = "thumbs") -> None:
    functions(aws, row(name, "$LATEST"), *[row(name, number) for number in numbers])


def code(aws: Stubs, version: object, *, name: str = "thumbs", **more: str) -> None:
    """GetFunction answers for this version, by default with v<version> and its digest."""
    number = int(str(version)) if str(version).isdigit() else 0
    known = more or {
        "ImageUri": f"{THUMBS}:v{number}",
        "ResolvedImageUri": f"{THUMBS}@{digest(number)}",
    }
    aws.answer("GetFunction", {"Code": known}, FunctionName=name, Qualifier=str(version))


def codes(aws: Stubs, *wanted: object, name: str = "thumbs") -> None:
    for version in wanted:
        code(aws, version, name=name)


def aliases(aws: Stubs, *found: Params) -> None:
    aws.answer("ListAliases", {"Aliases": list(found)}, FunctionName="thumbs")


def alias(name: str, version: object, **weights: float) -> Params:
    routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
    return {"Name": name, "FunctionVersion": str(version), **routing}


def provisioned(aws: Stubs, *qualifiers: object) -> None:
    configs = [{"FunctionArn": f"{ARN}:thumbs:{qualifier}"} for qualifier in qualifiers]
    answer = {"ProvisionedConcurrencyConfigs": configs}
    aws.answer("ListProvisionedConcurrencyConfigs", answer, FunctionName="thumbs")


def window(keep_count: int) -> Config:
    name = NamePattern("thumbs", is_glob=False)
    return Config(history={"lambda_functions": (History(name, keep_count=keep_count),)})


def read(aws: Stubs, config: Config | None = None) -> tuple[set[tuple[str, str]], list[Diagnostic]]:
    found = found_by(LAMBDA, aws.target, config)
    used = [item for item in found if isinstance(item, Use)]
    assert {use.source for use in used} <= {"lambda"}
    return {(str(use.reference), str(use)) for use in used}, [
        item for item in found if isinstance(item, Diagnostic)
    ]


def uses(aws: Stubs, config: Config | None = None) -> set[tuple[str, str]]:
    found, noted = read(aws, config)
    assert noted == []
    return found


def whys(aws: Stubs, config: Config | None = None) -> set[str]:
    """Who uses an image, and why, without the function's name."""
    return {who.removeprefix("function thumbs:") for _, who in uses(aws, config)}


def test_the_digest_that_runs_and_the_tag_that_was_written_are_in_use(aws):
    """B6."""
    versions(aws, 1)
    codes(aws, "$LATEST", 1)
    assert uses(aws) == {
        (f"{THUMBS}@{digest(0)}", "function thumbs:$LATEST ($LATEST)"),
        (f"{THUMBS}:v0", "function thumbs:$LATEST ($LATEST)"),
        (f"{THUMBS}@{digest(1)}", "function thumbs:1 (one of the newest 5 versions)"),
        (f"{THUMBS}:v1", "function thumbs:1 (one of the newest 5 versions)"),
    }


def test_latest_takes_none_of_the_slots_of_keep_count(aws):
    """B9."""
    versions(aws, 1, 2, 3)
    codes(aws, "$LATEST", 3, 2)
    aliases(aws)
    provisioned(aws)
    assert whys(aws, window(2)) == {
        "$LATEST ($LATEST)",
        "3 (one of the newest 2 versions)",
        "2 (one of the newest 2 versions)",
    }


def test_versions_that_an_alias_points_to_take_none_of_the_slots_of_keep_count(aws):
    """B9: fujiwara/ecrm counts this way, and what it keeps must be kept."""
    versions(aws, 1, 2, 3, 4)
    codes(aws, "$LATEST", 4, 3, 2)
    aliases(aws, alias("prod", 4))
    provisioned(aws)
    assert whys(aws, window(2)) == {
        "$LATEST ($LATEST)",
        "4 (alias prod)",
        "3 (one of the newest 2 versions)",
        "2 (one of the newest 2 versions)",
    }


def test_functions_that_no_entry_matches_keep_their_newest_five_versions(aws):
    """B10."""
    versions(aws, *range(1, 12))
    codes(aws, "$LATEST", 11, 10, 9, 8, 7)
    aliases(aws)
    provisioned(aws)
    assert {why.partition(" ")[0] for why in whys(aws)} == {"$LATEST", "11", "10", "9", "8", "7"}


def test_keep_count_of_the_first_entry_that_matches_is_the_window(aws):
    versions(aws, 1, 2)
    codes(aws, "$LATEST", 2)
    aliases(aws)
    provisioned(aws)
    entries = window(1).entries("lambda_functions") + window(9).entries("lambda_functions")
    assert len(whys(aws, Config(history={"lambda_functions": entries}))) == 2


def test_the_version_that_an_alias_points_to_is_in_use_however_old(aws):
    """B9."""
    versions(aws, 1, 2, 3)
    codes(aws, "$LATEST", 3, 1)
    aliases(aws, alias("prod", 1))
    provisioned(aws)
    assert "1 (alias prod)" in whys(aws, window(1))


def test_a_version_that_gets_a_part_of_the_traffic_is_in_use(aws):
    """B9."""
    versions(aws, 1, 2, 3, 4)
    codes(aws, "$LATEST", 4, 1, 2)
    aliases(aws, alias("prod", 1, **{"2": 0.1}))
    provisioned(aws)
    assert whys(aws, window(1)) >= {"1 (alias prod)", "2 (alias prod)"}


def test_aliases_of_every_page_count(aws):
    """B9."""
    versions(aws, 1, 2, 3)
    codes(aws, "$LATEST", 3, 1, 2)
    page = {"Aliases": [alias("a", 1)], "NextMarker": "m"}
    aws.answer("ListAliases", page, FunctionName="thumbs")
    aws.answer("ListAliases", {"Aliases": [alias("b", 2)]}, FunctionName="thumbs", Marker="m")
    provisioned(aws)
    assert whys(aws, window(1)) >= {"1 (alias a)", "2 (alias b)"}


def test_a_version_with_provisioned_concurrency_is_in_use(aws):
    """B9."""
    versions(aws, 1, 2, 3)
    codes(aws, "$LATEST", 3, 1)
    aliases(aws)
    provisioned(aws, 1)
    assert "1 (provisioned concurrency)" in whys(aws, window(1))


def test_provisioned_concurrency_of_an_alias_is_that_of_its_version(aws):
    versions(aws, 1, 2, 3)
    codes(aws, "$LATEST", 3, 1)
    aliases(aws, alias("prod", 1))
    provisioned(aws, "prod")
    assert "1 (alias prod)" in whys(aws, window(1))


@pytest.mark.parametrize("code", ["404", "UnknownOperationException"])
def test_b36_a_proxy_that_does_not_know_provisioned_concurrency_makes_the_reading_incomplete(
    aws, code
):
    """A version with provisioned concurrency alone would be lost."""
    aws.otherwise(
        "ListFunctions", {"Functions": [row("thumbs", version) for version in ("$LATEST", 1, 2)]}
    )
    aws.otherwise("ListAliases", {"Aliases": []})
    aws.otherwise_refuse("ListProvisionedConcurrencyConfigs", code, "Not Found")
    _, noted = read(aws, window(1))
    assert [note.status for note in noted] == [ReadStatus.FAILED]
    assert noted[0].text == (
        "lambda:ListProvisionedConcurrencyConfigs: this endpoint does not offer it (Not Found)"
    )


def test_aliases_are_not_asked_for_where_all_versions_are_in_use_anyway(aws):
    versions(aws, 1, 2)
    codes(aws, "$LATEST", 1, 2)
    assert len(whys(aws, window(2))) == 3
    assert aws.asked("ListAliases") == []
    assert aws.asked("ListProvisionedConcurrencyConfigs") == []


def test_the_latest_published_version_of_a_managed_instance_is_in_use(aws):
    """It is what a call without a version reaches, and its name is no number."""
    functions(aws, row("thumbs", "$LATEST"), row("thumbs", "$LATEST.PUBLISHED"), row("thumbs", 1))
    codes(aws, "$LATEST", 1)
    code(aws, "$LATEST.PUBLISHED", ResolvedImageUri=f"{THUMBS}@{digest(9)}")
    assert "$LATEST.PUBLISHED ($LATEST.PUBLISHED)" in whys(aws)


def test_functions_of_every_page_are_read(aws):
    page = {"Functions": [row("a", "$LATEST")], "NextMarker": "m"}
    aws.answer("ListFunctions", page, FunctionVersion="ALL")
    aws.answer(
        "ListFunctions", {"Functions": [row("b", "$LATEST")]}, FunctionVersion="ALL", Marker="m"
    )
    codes(aws, "$LATEST", name="a")
    codes(aws, "$LATEST", name="b")
    assert {who for _, who in uses(aws)} == {
        "function a:$LATEST ($LATEST)",
        "function b:$LATEST ($LATEST)",
    }


def test_functions_of_package_type_zip_are_not_asked_about(aws):
    functions(aws, row("zipped", "$LATEST", "Zip"), row("zipped", 1, "Zip"))
    assert uses(aws) == set()
    assert [operation for operation, _ in aws.calls] == ["ListFunctions"]


def refuse(aws: Stubs, version: object, name: str = "thumbs") -> None:
    code = "ResourceNotFoundException"
    aws.refuse("GetFunction", code, "Not found", FunctionName=name, Qualifier=str(version))


def test_b36_a_function_that_is_not_listed_any_more_needs_nothing_and_the_others_are_read(aws):
    functions(aws, row("gone", "$LATEST"), row("thumbs", "$LATEST"))
    functions(aws, row("thumbs", "$LATEST"))
    refuse(aws, "$LATEST", "gone")
    codes(aws, "$LATEST")
    assert {who for _, who in uses(aws)} == {"function thumbs:$LATEST ($LATEST)"}


@pytest.mark.parametrize("operation", ["GetFunction", "ListAliases"])
def test_b36_a_function_that_is_listed_twice_and_gone_twice_makes_the_reading_incomplete(
    aws, operation
):
    aws.otherwise(
        "ListFunctions", {"Functions": [row("thumbs", version) for version in ("$LATEST", 1, 2)]}
    )
    aws.otherwise("GetFunction", {"Code": {"ResolvedImageUri": f"{THUMBS}@{digest(1)}"}})
    aws.otherwise("ListAliases", {"Aliases": []})
    aws.otherwise("ListProvisionedConcurrencyConfigs", {"ProvisionedConcurrencyConfigs": []})
    aws.otherwise_refuse(operation, "ResourceNotFoundException", "Not found")
    what = f"lambda:{operation}: ResourceNotFoundException: Not found"
    text = f"{what}; but AWS still names thumbs; try again"
    assert set(read(aws, window(1))[1]) == {Diagnostic(ReadStatus.FAILED, text)}


def test_b36_what_is_there_at_the_second_look_is_in_use(aws):
    for _ in range(2):
        functions(aws, row("thumbs", "$LATEST"))
    refuse(aws, "$LATEST")
    codes(aws, "$LATEST")
    assert whys(aws) == {"$LATEST ($LATEST)"}


def test_a_version_that_vanishes_meanwhile_takes_no_other_version_with_it(aws):
    versions(aws, 1, 2, 3)
    versions(aws, 1, 2)
    refuse(aws, 3)
    for _ in range(2):
        codes(aws, "$LATEST", 2, 1)
    assert {why.partition(" ")[0] for why in whys(aws)} == {"$LATEST", "2", "1"}


UNRESOLVED = Diagnostic(
    ReadStatus.FAILED,
    "lambda:GetFunction: AWS's answer has no Code.ResolvedImageUri of thumbs:$LATEST; try again",
)


def test_b35_a_version_that_names_no_image_makes_the_reading_incomplete(aws):
    versions(aws)
    code(aws, "$LATEST", RepositoryType="ECR")
    assert read(aws) == (set(), [UNRESOLVED])


def test_b35_a_version_of_which_the_digest_is_left_out_makes_the_reading_incomplete(aws):
    """The tag that was written may have moved since; what runs is not known then."""
    versions(aws)
    code(aws, "$LATEST", ImageUri=f"{THUMBS}:v1")
    found, noted = read(aws)
    assert ({image for image, _ in found}, noted) == ({f"{THUMBS}:v1"}, [UNRESOLVED])


def test_an_answer_without_code_makes_the_reading_incomplete(aws):
    """B11."""
    versions(aws)
    aws.answer("GetFunction", {}, FunctionName="thumbs", Qualifier="$LATEST")
    text = "lambda:GetFunction: AWS's answer has no Code; try again"
    assert read(aws) == (set(), [Diagnostic(ReadStatus.FAILED, text)])


def test_the_digest_that_runs_is_enough(aws):
    versions(aws)
    code(aws, "$LATEST", ResolvedImageUri=f"{THUMBS}@{digest(1)}")
    assert {image for image, _ in uses(aws)} == {f"{THUMBS}@{digest(1)}"}


def test_a_uri_that_looks_like_ecr_and_cannot_be_read_makes_the_reading_incomplete(aws):
    """B11."""
    versions(aws)
    resolved = f"{THUMBS}@{digest(1)}"
    code(aws, "$LATEST", ImageUri=f"{HOST}/Thumbs:v1", ResolvedImageUri=resolved)
    found, noted = read(aws)
    assert {image for image, _ in found} == {resolved}
    assert [diagnostic.status for diagnostic in noted] == [ReadStatus.FAILED]


@pytest.mark.parametrize(
    "operation",
    ["ListFunctions", "GetFunction", "ListAliases", "ListProvisionedConcurrencyConfigs"],
)
def test_a_missing_permission_is_noted_with_the_action_that_would_mend_it(aws, operation):
    """B11."""
    listed = [row("thumbs", version) for version in ("$LATEST", 1, 2)]
    aws.otherwise("ListFunctions", {"Functions": listed})
    aws.otherwise("GetFunction", {"Code": {"ResolvedImageUri": f"{THUMBS}@{digest(1)}"}})
    aws.otherwise("ListAliases", {"Aliases": []})
    none: Params = {"ProvisionedConcurrencyConfigs": []}
    aws.otherwise("ListProvisionedConcurrencyConfigs", none)
    aws.otherwise_refuse(operation, "AccessDeniedException", "not you")
    text = f"lambda:{operation} is denied; allow it: not you"
    assert set(read(aws, window(1))[1]) == {Diagnostic(ReadStatus.DENIED, text)}


def test_a_function_that_is_excluded_is_noted_and_not_read(aws):
    functions(aws, row("sandbox", "$LATEST"), row("thumbs", "$LATEST"))
    codes(aws, "$LATEST")
    name = NamePattern("sandbox", is_glob=False)
    entries = (History(name, exclude=True),)
    found, noted = read(aws, Config(history={"lambda_functions": entries}))
    assert noted == [
        Diagnostic(ReadStatus.EXCLUDED, "function sandbox: excluded by lambda_functions")
    ]
    assert {who for _, who in found} == {"function thumbs:$LATEST ($LATEST)"}


def test_every_one_of_many_functions_arrives(aws):
    """B12."""
    names = [f"f{number}" for number in range(100)]
    functions(aws, *[row(name, "$LATEST") for name in names])
    for name in names:
        code(aws, "$LATEST", name=name, ResolvedImageUri=f"{HOST}/{name}@{digest(1)}")
    assert {image for image, _ in uses(aws)} == {f"{HOST}/{name}@{digest(1)}" for name in names}


def test_progress_says_how_many_functions_have_an_image(aws):
    functions(aws, row("zipped", "$LATEST", "Zip"), row("thumbs", "$LATEST"))
    codes(aws, "$LATEST")
    shown: list[Any] = []
    found_by(LAMBDA, aws.target, progress=shown.append)
    assert shown == ["Lambda: 1 functions with an image", "Lambda 1/1 functions"]


def test_latest_is_read_even_where_the_listing_leaves_it_out(aws):
    functions(aws, row("thumbs", 1))
    codes(aws, "$LATEST", 1)
    assert f"{THUMBS}:v0" in {image for image, _ in uses(aws)}


def test_the_functions_that_have_an_image_were_met_in_the_order_of_their_names(aws):
    names = ["web", "api", "thumbs"]
    functions(aws, *[row(name, "$LATEST") for name in names], row("zip", "$LATEST", "Zip"))
    for name in names:
        code(aws, "$LATEST", name=name)
    met = [item for item in found_by(LAMBDA, aws.target) if isinstance(item, SeenResource)]
    assert met == [SeenResource("lambda_functions", name) for name in sorted(names)]


# -- what can wait ---------------------------------------------------------------------------------


def deferred(aws: Stubs, config: Config) -> tuple[set[str], list[Question]]:
    """Who uses an image whoever points to which version, and the questions about the others."""
    found = found_by(LAMBDA, aws.target, config, defers=True)
    assert not [item for item in found if isinstance(item, Diagnostic)]
    known = {str(item).removeprefix("function thumbs:") for item in found if isinstance(item, Use)}
    return known, [item for item in found if isinstance(item, Question)]


def answer(question: Question) -> set[str]:
    found = [item for item in question.ask() if isinstance(item, Use)]
    return {str(item).removeprefix("function thumbs:") for item in found}


def test_who_points_to_a_version_is_not_asked_before_that_matters(aws):
    versions(aws, 1, 2, 3)
    codes(aws, "$LATEST", 3, 2, 1)
    known, [question] = deferred(aws, window(1))
    assert known == {"$LATEST ($LATEST)", "3 (one of the newest 1 versions)"}
    assert set(map(str, question.images)) == {
        *(f"{THUMBS}:v{number}" for number in (1, 2)),
        *(f"{THUMBS}@{digest(number)}" for number in (1, 2)),
    }


def test_the_answer_is_all_that_would_have_been_found_at_once(aws):
    versions(aws, 1, 2, 3, 4)
    codes(aws, "$LATEST", 4, 3, 2, 1)
    _, [question] = deferred(aws, window(1))
    aliases(aws, alias("prod", 4, **{"1": 0.1}))
    by_alias = {
        "$LATEST ($LATEST)",
        "4 (alias prod)",
        "1 (alias prod)",
        "3 (one of the newest 1 versions)",
    }
    assert answer(question) == by_alias
    provisioned(aws, "2")  # aliases are not asked for again
    assert question.otherwise
    assert question.otherwise.images == question.images
    assert answer(question.otherwise) == by_alias | {"2 (provisioned concurrency)"}


def test_a_version_that_was_published_since_is_read_for_the_answer(aws):
    versions(aws, 1, 2)
    codes(aws, "$LATEST", 2, 1)
    _, [question] = deferred(aws, window(1))
    aliases(aws, alias("prod", 3))
    codes(aws, 3)
    assert "3 (alias prod)" in answer(question)


def test_without_a_version_outside_the_window_there_is_no_question(aws):
    versions(aws, 1, 2)
    codes(aws, "$LATEST", 2, 1)
    assert deferred(aws, window(2))[1] == []


def test_b36_a_function_that_is_gone_when_it_is_asked_about_is_looked_for_again(aws):
    versions(aws, 1, 2)
    codes(aws, "$LATEST", 2, 1)
    _, [question] = deferred(aws, window(1))
    aws.refuse("ListAliases", "ResourceNotFoundException", FunctionName="thumbs")
    functions(aws)
    assert list(question.ask()) == []


def test_b36_a_function_that_is_listed_and_gone_is_a_failure(aws):
    versions(aws, 1, 2)
    codes(aws, "$LATEST", 2, 1)
    _, [question] = deferred(aws, window(1))
    for _ in range(2):
        aws.refuse("ListAliases", "ResourceNotFoundException", FunctionName="thumbs")
    versions(aws, 1, 2)
    assert [item.status for item in question.ask() if isinstance(item, Diagnostic)] == [
        ReadStatus.FAILED
    ]
