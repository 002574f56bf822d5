"""What sources leave unasked: asked only where a plan depends on it, with the same decisions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrm.config import Guards
from ecrm.errors import AccessDenied
from ecrm.model.pattern import ALL
from ecrm.model.scan import Diagnostic, SourceReport
from ecrm.model.use import Use
from ecrm.planning.plan import Plan
from ecrm.planning.planner import make_plan
from ecrm.sources.items import Question, attempt
from ecrm.sources.questions import Questions
from tests.strategies import Case, Named, cases, examples
from tests.values import (
    HOME,
    NOW,
    REPLICA,
    RULE,
    RepositoryIndex,
    Shelf,
    digest,
    facts,
    image,
    index,
    read,
    shelf,
    use,
)


class Asked:
    """Questions that note which of them were asked."""

    def __init__(self) -> None:
        self.questions = Questions()
        self.names: list[str] = []

    def add(self, name: str, images: Iterable[Use], *answers: Sequence[Use] | Exception) -> None:
        """The answers after the first are those of `otherwise`."""
        references = tuple(item.reference for item in images)

        def ask(answer: Sequence[Use] | Exception) -> Sequence[Use]:
            self.names.append(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        question = None
        for answer in reversed(answers):
            question = Question(references, partial(ask, answer), question)
        assert question

        def report(question: Question) -> tuple[list[Use], SourceReport]:
            found = attempt(question.ask)
            notes = tuple(item for item in found if isinstance(item, Diagnostic))
            uses = [item for item in found if isinstance(item, Use)]
            return uses, SourceReport(HOME, "lambda", len(uses), notes)

        self.questions.add(question, report)


def lazily(inventory: Shelf, asked: Asked, *uses: Use, **more: Any) -> Plan:
    context = facts(inventory, *uses, **more)
    return make_plan(inventory, context, ALL, lambda _: None, asked.questions)


OLD, OLDER = image("old", "v2"), image("older", "v1", days=99)
BY_DIGEST = use(f"app@{digest('older')}")


def deleted(made: Plan) -> set[str]:
    return {
        decision.image.digest for planned in made.repositories for decision in planned.deletions
    }


def test_a_question_about_an_image_to_be_deleted_is_asked_and_counts():
    asked = Asked()
    asked.add("resize", [BY_DIGEST], [BY_DIGEST])
    made = lazily(shelf(OLD, OLDER), asked, use("app:v9"))
    assert asked.names == ["resize"]
    assert deleted(made) == {OLD.digest}


def test_the_dearer_question_is_asked_where_the_first_leaves_an_image_open():
    both = [BY_DIGEST, use("app:v2")]
    for first in (both, [BY_DIGEST], []):
        asked = Asked()
        asked.add("resize", both, first, both)
        assert not deleted(lazily(shelf(OLD, OLDER), asked, use("app:v9")))
        assert len(asked.names) == (1 if first is both else 2)


def test_the_dearer_question_is_not_asked_about_an_image_that_is_kept_anyway():
    asked = Asked()
    asked.add("resize", [BY_DIGEST, use("app:v3")], [BY_DIGEST], AssertionError("asked"))
    young = image("young", "v3", days=3)
    assert deleted(lazily(shelf(OLD, OLDER, young), asked, use("app:v9"))) == {OLD.digest}


def test_what_cannot_be_asked_is_not_asked_in_another_way():
    asked = Asked()
    denied = AccessDenied("access to lambda:ListAliases is denied", "x")
    asked.add("resize", [BY_DIGEST], denied, AssertionError("asked"))
    assert not lazily(shelf(OLD, OLDER), asked, use("app:v9")).complete


def test_what_the_dearer_question_could_not_ask_makes_the_plan_incomplete():
    asked = Asked()
    asked.add("resize", [BY_DIGEST], [], AccessDenied("access to it is denied", "x"))
    assert not lazily(shelf(OLD, OLDER), asked, use("app:v9")).complete


def test_nothing_is_asked_where_nothing_would_be_deleted():
    asked = Asked()
    asked.add("resize", [BY_DIGEST], [BY_DIGEST])
    keep_all = replace(RULE, keep_count=9)
    assert not deleted(lazily(shelf(OLD, OLDER), asked, use("app:v9"), rules=[keep_all]))
    assert asked.names == []


def test_nothing_is_asked_about_an_image_that_is_in_use_or_not_there():
    asked = Asked()
    asked.add("resize", [BY_DIGEST, use(f"app@{digest('gone')}")], [BY_DIGEST])
    asked.add("other", [use("elsewhere:v1")], [])
    assert deleted(lazily(shelf(OLD, OLDER), asked, use("app:v1"))) == {OLD.digest}
    assert asked.names == []


@pytest.mark.parametrize(
    "kept",
    [
        image("kept", "latest", "v3"),
        image("kept", "v3", days=3),
        image("kept", "v3", pulled_at=NOW),
        image("kept", "v3", days=60),
    ],
    ids=["by its tag", "pushed", "pulled", "by a guard"],
)
@pytest.mark.parametrize(
    "known", [use("app:v9"), use(f"app@{digest('gone')}")], ids=["tag", "digest"]
)
def test_nothing_is_asked_about_an_image_that_is_kept_whatever_is_in_use(kept, known):
    asked = Asked()
    asked.add("resize", [use("app:v3")], [])
    rule = replace(RULE, keep_pulled_within=timedelta(days=7))
    more: dict[str, Any] = {"rules": [rule], "guards": Guards(min_age=timedelta(days=95))}
    assert deleted(lazily(shelf(OLDER, kept), asked, known, **more)) == {OLDER.digest}
    assert asked.names == []


def test_a_question_is_asked_once_for_all_repositories():
    two = Shelf({HOME: {name: RepositoryIndex((OLD, OLDER)) for name in ("app", "api")}})
    both = [use(f"{name}@{digest('older')}") for name in ("app", "api")]
    asked = Asked()
    asked.add("resize", both, both)
    assert deleted(lazily(two, asked, use("app:v9"))) == {OLD.digest}
    assert asked.names == ["resize"]


def test_a_slot_of_keep_count_that_an_image_in_use_leaves_is_given_to_the_next():
    asked = Asked()
    asked.add("resize", [use("app:v2")], [use("app:v2")])
    one = replace(RULE, keep_count=1)
    assert not deleted(lazily(shelf(OLD, OLDER), asked, use("app:v9"), rules=[one]))


def test_a_young_platform_image_is_asked_about_for_the_sake_of_its_index():
    old, child = index("old", "v1"), image("child", days=3)
    asked = Asked()
    asked.add("resize", [use(f"app@{child.digest}")], [use(f"app@{child.digest}")])
    inventory = shelf(old, child, old=["child"])
    assert not deleted(lazily(inventory, asked, use("app:v9")))


def test_an_answer_that_is_known_raises_no_question_again():
    """The child of an index remains one that other uses could be about."""
    multi, child = index("multi", "v1"), image("child")
    asked = Asked()
    asked.add("resize", [use(f"app@{child.digest}")], [use(f"app@{child.digest}")])
    made = lazily(shelf(multi, child, OLD, multi=["child"]), asked, use("app:v9"))
    assert deleted(made) == {OLD.digest}
    assert asked.names == ["resize"]


def test_a_question_about_another_registry_is_not_asked():
    asked = Asked()
    asked.add("resize", [use("app:v1", where=REPLICA)], [])
    assert len(deleted(lazily(shelf(OLD, OLDER), asked, use("app:v9")))) == 2
    assert asked.names == []


def test_where_nothing_is_in_use_images_that_are_not_there_are_asked_about():
    """A guard stops where all that is in use of a repository is missing."""
    missing = use(f"app@{digest('gone')}")
    asked = Asked()
    asked.add("resize", [missing], [missing])
    [planned] = lazily(shelf(OLD), asked).repositories
    assert planned.missing == (f"@{digest('gone')}",)


def test_what_could_not_be_asked_makes_the_plan_incomplete():
    asked = Asked()
    asked.add("resize", [BY_DIGEST], AccessDenied("access to lambda:ListAliases is denied", "x"))
    made = lazily(shelf(OLD, OLDER), asked, use("app:v9"))
    assert not made.complete
    assert any("lambda:ListAliases" in line for line in made.unread)


def test_what_is_not_asked_is_in_no_source_report():
    asked = Asked()
    asked.add("resize", [use("other:v1")], [])
    assert lazily(shelf(OLD), asked, use("app:v9")).source_reports == (read(),)


@st.composite
def left_open(draw: st.DrawFn) -> tuple[Case, list[tuple[list[Named], list[Named], list[Named]]]]:
    """A repository, and questions about some of its images, each with an answer and with that of
    the dearer question, which contains it."""
    case = draw(cases())
    images = [Named(digest=one.digest) for one in case.images]
    images += [Named(tag=tag) for one in case.images for tag in one.tags]
    images += [Named(tag="gone")]
    about = st.lists(st.sampled_from(images), min_size=1, max_size=3, unique=True)
    asked = draw(st.lists(about, max_size=3))
    found = []
    for named in asked:
        all_of = [one for one in named if draw(st.booleans())]
        found.append((named, [one for one in all_of if draw(st.booleans())], all_of))
    return case, found


@settings(max_examples=examples(300))
@given(left_open())
def test_the_decisions_are_those_of_a_plan_that_asks_everything(given_):
    case, open_questions = given_
    inventory = Shelf({HOME: {"app": RepositoryIndex(case.images, case.manifests)}})
    known = [named.use() for named in case.named]
    asked = Asked()
    for place, parts in enumerate(open_questions):
        asked.add(f"{place}", *([one.use() for one in part] for part in parts))
    answers = [one.use() for *_, answer in open_questions for one in answer]
    guards = replace(facts(inventory).config.guards, min_age=case.min_age)
    more: dict[str, Any] = {"rules": [case.rule], "guards": guards}
    everything = make_plan(
        inventory, facts(inventory, *known, *answers, **more), ALL, lambda _: None
    )
    left = lazily(inventory, asked, *known, **more)
    assert [planned.stages for planned in left.repositories] == [
        planned.stages for planned in everything.repositories
    ]
    if not any(
        planned.stages for planned in lazily(inventory, Asked(), *known, **more).repositories
    ):
        assert asked.names == []
