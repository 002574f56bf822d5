"""A plan is applied as it is, in its order, and AWS's answer about every image is reported."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from ecrm.errors import (
    AccessDenied,
    AwsError,
    EcrmError,
    Gone,
    IncompleteError,
    InputError,
    OutOfTimeError,
    OutputError,
)
from ecrm.execution.apply import Journal, Revalidation, apply
from ecrm.model.decision import Decision
from ecrm.model.image import Image, Links
from ecrm.model.outcome import Outcome, OutcomeStatus
from ecrm.model.reference import Registry
from ecrm.model.rule import Action
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.planning.narrowing import SkippedDeletion
from ecrm.planning.plan import Plan, RepositoryPlan
from ecrm.registry.deleter import Deleter, Refusal
from tests.stubs import REGISTRY
from tests.values import deletable, digest, numbered, plan_of, repository_plan

OTHER = Registry("210987654321", "eu-west-1")
HELD = "ImageReferencedByManifestList"
Event = tuple[str, str, tuple[str, ...]]


@dataclass
class Ecr(Deleter):
    """A registry that holds every image it is asked about, but for what a test says.

    It refuses an image while one of `indexes` that names it is there, as ECR does, and answers
    with `codes`, or raises the next of `errors` of that call where there are any.
    """

    indexes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    unknown: dict[str, str] = field(default_factory=dict)
    errors: dict[tuple[str, str], list[EcrmError | None]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def delete(
        self, repository: str, digests: Sequence[str]
    ) -> tuple[frozenset[str], tuple[Refusal, ...]]:
        self._happens("delete", repository, digests)
        deleted: set[str] = set()
        refused: list[Refusal] = []
        for wanted in digests:
            held = any(
                wanted in held for index, held in self.indexes.items() if index not in self.gone
            )
            code = HELD if held else self.codes.get(wanted)
            if code:
                refused.append(Refusal(wanted, code, "it is so"))
            else:
                self.gone.add(wanted)
                deleted.add(wanted)
        return frozenset(deleted) - self.silent, tuple(refused)

    def still_there(self, repository: str, digests: Iterable[str]) -> set[str]:
        wanted = sorted(digests)
        self._happens("look", repository, wanted)
        return set(wanted) & self.present

    def manifests(
        self, repository: str, wanted: Sequence[Image]
    ) -> tuple[dict[str, str], dict[str, str]]:
        digests = [image.digest for image in wanted]
        self._happens("read", repository, digests)
        return dict.fromkeys(digests, "{}"), {
            one: self.unknown[one] for one in self.unknown.keys() & digests
        }

    def archive(self, repository: str, digest: str) -> None:
        self._happens("archive", repository, [digest])

    def calls(self, kind: str) -> list[tuple[str, ...]]:
        return [digests for name, _, digests in self.events if name == kind]

    def _happens(self, kind: str, repository: str, digests: Sequence[str]) -> None:
        self.events.append((kind, repository, tuple(digests)))
        errors = self.errors.get((kind, repository), [])
        if errors and (error := errors.pop(0)):
            raise error


class Log(Journal):
    """A journal that notes when it was written to, among the calls of `ecr`."""

    def __init__(self, ecr: Ecr, error: OutputError | None = None) -> None:
        self._ecr, self._error = ecr, error
        self.answers: list[Outcome] = []

    def intend(
        self,
        registry: Registry,
        repository: str,
        decisions: Sequence[Decision],
        manifests: Mapping[str, str],
        held_by: Links,
    ) -> None:
        if decisions:
            digests = tuple(decision.image.digest for decision in decisions)
            self._ecr.events.append(("intend", repository, digests))

    def record(self, outcomes: Sequence[Outcome]) -> None:
        if outcomes and self._error:
            raise self._error
        for outcome in outcomes:
            self.answers.append(outcome)
            self._ecr.events.append(
                ("answer", outcome.repository, (outcome.decision.image.digest,))
            )


def as_planned(planned: RepositoryPlan) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
    return planned, ()


def always() -> bool:
    return True


def run(
    plan: Plan,
    ecr: Ecr | None = None,
    revalidate: Revalidation = as_planned,
    may_go_on: Callable[[], bool] = always,
    log: Log | None = None,
) -> list[Outcome]:
    ecr = ecr or Ecr()
    outcomes = list(apply(plan, lambda _: ecr, log or Log(ecr), revalidate, may_go_on))
    wanted = [
        (repository.registry, repository.repository, decision)
        for repository in plan.repositories
        for decision in repository.deletions
    ]
    reported = [(outcome.registry, outcome.repository, outcome.decision) for outcome in outcomes]
    assert sorted(reported, key=str) == sorted(wanted, key=str)  # every image once, and no other
    return outcomes


def stage(*numbers: int) -> list[Decision]:
    return [deletable(numbered(number)) for number in numbers]


def one(*stages: Sequence[Decision], name: str = "shop/api") -> Plan:
    return plan_of(repository_plan(name, *stages))


def archiving(number: int) -> Decision:
    return deletable(numbered(number))._replace(action=Action.ARCHIVE)


def digests(numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(digest(number) for number in numbers)


def answers(outcomes: Iterable[Outcome]) -> dict[str, OutcomeStatus]:
    return {outcome.decision.image.digest: outcome.status for outcome in outcomes}


def details(outcomes: Iterable[Outcome], status: OutcomeStatus) -> dict[str, str]:
    return {
        outcome.decision.image.digest: outcome.detail
        for outcome in outcomes
        if outcome.status is status
    }


# Batches and order


@pytest.mark.parametrize(
    ("number", "sizes"),
    [(0, []), (1, [1]), (99, [99]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])],
)
def test_a_call_names_at_most_a_hundred_images_and_together_they_name_all(number, sizes):
    """B4."""
    ecr = Ecr()
    outcomes = run(one(stage(*range(number))), ecr)
    assert [len(batch) for batch in ecr.calls("delete")] == sizes
    assert sum(ecr.calls("delete"), ()) == digests(range(number))
    assert set(answers(outcomes).values()) <= {OutcomeStatus.DELETED}


def test_a_stage_is_over_before_the_next_begins():
    """B2."""
    ecr = Ecr()
    run(one(stage(*range(150)), stage(*range(150, 160))), ecr)
    assert [len(batch) for batch in ecr.calls("delete")] == [100, 50, 10]
    assert ecr.calls("delete")[2] == digests(range(150, 160))


def test_an_index_is_deleted_before_its_children():
    """B2."""
    ecr = Ecr(indexes={digest(1): (digest(2), digest(3))})
    outcomes = run(one(stage(1), stage(2, 3)), ecr)
    assert ecr.calls("delete") == [digests([1]), digests([2, 3])]
    assert set(answers(outcomes).values()) == {OutcomeStatus.DELETED}


def test_what_an_index_still_holds_is_tried_again_after_everything_else():
    """B2: As where an index and its child are in one stage, or ECR takes a moment to notice."""
    ecr = Ecr(indexes={digest(9): (digest(1),)})
    outcomes = run(one(stage(1, 2), stage(9)), ecr)
    assert ecr.calls("delete") == [digests([1, 2]), digests([9]), digests([1])]
    assert set(answers(outcomes).values()) == {OutcomeStatus.DELETED}
    assert [outcome.decision.image.digest for outcome in outcomes] == [
        digest(2),
        digest(9),
        digest(1),
    ]


def test_it_is_tried_again_for_as_long_as_that_helps():
    """B2."""
    ecr = Ecr(indexes={digest(2): (digest(1),), digest(3): (digest(2),)})
    outcomes = run(one(stage(1, 2, 3)), ecr)
    assert ecr.calls("delete") == [digests([1, 2, 3]), digests([1, 2]), digests([1])]
    assert set(answers(outcomes).values()) == {OutcomeStatus.DELETED}


def test_a_child_that_another_index_holds_is_kept_and_reported_once():
    """B20."""
    ecr = Ecr(indexes={digest(7): (digest(2), digest(3))})
    outcomes = run(one(stage(1), stage(2, 3)), ecr)
    assert answers(outcomes)[digest(1)] is OutcomeStatus.DELETED
    assert details(outcomes, OutcomeStatus.FAILED) == {
        digest(2): f"{HELD}: it is so",
        digest(3): f"{HELD}: it is so",
    }
    assert ecr.calls("delete") == [digests([1]), digests([2, 3]), digests([2, 3])]


def test_what_belongs_to_an_index_that_is_tried_again_waits_for_it():
    """B2, and a signature is never deleted before what it signs: ECR would not refuse that."""
    held_by = {digest(2): (digest(1),), digest(3): (digest(2),)}
    planned = repository_plan("shop/api", stage(1, 9), stage(2), stage(3), held_by=held_by)
    ecr = Ecr(indexes={digest(9): (digest(1),)})
    outcomes = run(plan_of(planned), ecr)
    assert ecr.calls("delete") == [
        digests([1, 9]),
        digests([1]),
        digests([2]),
        digests([3]),
    ]
    assert set(answers(outcomes).values()) == {OutcomeStatus.DELETED}


def test_what_belongs_to_an_index_that_is_never_let_go_is_reported_and_not_deleted():
    held_by = {digest(2): (digest(1),), digest(3): (digest(2),)}
    planned = repository_plan("shop/api", stage(1), stage(2), stage(3), held_by=held_by)
    ecr = Ecr(indexes={digest(7): (digest(1),)})
    outcomes = run(plan_of(planned), ecr)
    assert ecr.calls("delete") == [digests([1]), digests([1])]
    assert details(outcomes, OutcomeStatus.FAILED) == {
        digest(1): f"{HELD}: it is so",
        digest(2): f"{HELD}: it belongs to {digest(1)}, which is kept",
        digest(3): f"{HELD}: it belongs to {digest(2)}, which is kept",
    }


def test_what_is_tried_again_is_tried_in_batches_too():
    """B4."""
    children = digests(range(250))
    ecr = Ecr(indexes={digest(999): children})
    outcomes = run(one(stage(*range(250)), stage(999)), ecr)
    assert [len(batch) for batch in ecr.calls("delete")] == [100, 100, 50, 1, 100, 100, 50]
    assert set(answers(outcomes).values()) == {OutcomeStatus.DELETED}


# What AWS answers about one image


def test_an_image_that_is_not_there_any_more_is_done():
    """B20."""
    outcomes = run(one(stage(1, 2)), Ecr(codes={digest(1): "ImageNotFound"}))
    assert answers(outcomes) == {
        digest(1): OutcomeStatus.ALREADY_GONE,
        digest(2): OutcomeStatus.DELETED,
    }
    assert details(outcomes, OutcomeStatus.ALREADY_GONE) == {digest(1): "ImageNotFound: it is so"}


@pytest.mark.parametrize(
    "code", ["InvalidImageDigest", "KmsError", "ImageTagDoesNotMatchDigest", "SomethingNew"]
)
def test_what_aws_refuses_is_not_reported_as_deleted(code):
    """B3."""
    ecr = Ecr(codes={digest(2): code})
    outcomes = run(one(stage(1, 2, 3)), ecr)
    assert answers(outcomes) == {
        digest(1): OutcomeStatus.DELETED,
        digest(2): OutcomeStatus.FAILED,
        digest(3): OutcomeStatus.DELETED,
    }
    assert details(outcomes, OutcomeStatus.FAILED) == {digest(2): f"{code}: it is so"}
    assert len(ecr.calls("delete")) == 1


def test_what_the_answer_leaves_out_is_looked_up():
    """B3."""
    ecr = Ecr(silent=frozenset(digests([1, 2])), present=frozenset({digest(2)}))
    outcomes = run(one(stage(1, 2, 3)), ecr)
    assert answers(outcomes) == {
        digest(1): OutcomeStatus.DELETED,
        digest(2): OutcomeStatus.FAILED,
        digest(3): OutcomeStatus.DELETED,
    }
    left_out = "AWS's answer leaves it out, and it is still there"
    assert details(outcomes, OutcomeStatus.FAILED) == {digest(2): left_out}
    assert ecr.calls("look") == [digests([1, 2])]


def test_where_the_answer_is_complete_nothing_is_looked_up():
    ecr = Ecr(codes={digest(2): "KmsError"})
    run(one(stage(1, 2)), ecr)
    assert ecr.calls("look") == []


@pytest.mark.parametrize(
    "error", [AwsError("ecr:DescribeImages: oops"), AccessDenied("not you", "ecr:DescribeImages")]
)
def test_where_looking_up_fails_what_is_known_to_be_deleted_is_reported_as_deleted(error):
    """B3."""
    ecr = Ecr(silent=frozenset({digest(2)}), errors={("look", "shop/api"): [error]})
    outcomes = run(one(stage(1, 2, 3)), ecr)
    assert answers(outcomes) == {
        digest(1): OutcomeStatus.DELETED,
        digest(2): OutcomeStatus.FAILED,
        digest(3): OutcomeStatus.DELETED,
    }
    assert str(error) in details(outcomes, OutcomeStatus.FAILED)[digest(2)]


def test_where_the_repository_vanishes_while_looking_up_its_images_are_gone():
    gone = Gone("ecr:DescribeImages: RepositoryNotFoundException: no")
    ecr = Ecr(silent=frozenset({digest(1)}), errors={("look", "shop/api"): [gone]})
    assert set(answers(run(one(stage(1)), ecr)).values()) <= {
        OutcomeStatus.ALREADY_GONE,
        OutcomeStatus.DELETED,
    }


# What goes wrong on the way


def two() -> Plan:
    return plan_of(
        repository_plan("a", stage(1, 2), stage(3)), repository_plan("b", stage(4), stage(5))
    )


def test_a_missing_permission_stops_one_repository_and_no_other():
    """B11."""
    denied = AccessDenied("ecr:BatchDeleteImage is denied", "ecr:BatchDeleteImage")
    ecr = Ecr(errors={("delete", "a"): [None, denied]})
    outcomes = run(two(), ecr)
    assert details(outcomes, OutcomeStatus.FAILED) == {digest(3): "ecr:BatchDeleteImage is denied"}
    assert [
        deleted for deleted, answer in answers(outcomes).items() if answer is OutcomeStatus.DELETED
    ] == list(digests([1, 2, 4, 5]))


def test_any_other_error_stops_the_run_and_the_rest_is_reported_as_not_tried():
    ecr = Ecr(errors={("delete", "a"): [None, AwsError("AWS still throttles")]})
    outcomes = run(two(), ecr)
    not_tried = "not tried after an earlier error: AWS still throttles"
    assert details(outcomes, OutcomeStatus.FAILED) == {
        digest(3): "AWS still throttles",
        digest(4): not_tried,
        digest(5): not_tried,
    }
    assert ecr.calls("delete") == [digests([1, 2]), digests([3])]


def test_what_was_to_be_tried_again_is_reported_when_the_run_stops():
    ecr = Ecr(
        indexes={digest(9): (digest(1),)},
        errors={("delete", "a"): [None, AwsError("oops")]},
    )
    outcomes = run(plan_of(repository_plan("a", stage(1, 2), stage(9))), ecr)
    assert answers(outcomes)[digest(2)] is OutcomeStatus.DELETED
    assert set(details(outcomes, OutcomeStatus.FAILED)) == {digest(1), digest(9)}


def test_a_repository_that_vanishes_is_done_and_the_others_continue():
    gone = Gone("ecr:BatchDeleteImage: RepositoryNotFoundException: no such repository")
    outcomes = run(two(), Ecr(errors={("delete", "a"): [None, gone]}))
    assert details(outcomes, OutcomeStatus.ALREADY_GONE) == {digest(3): str(gone)}
    assert details(outcomes, OutcomeStatus.FAILED) == {}


def test_the_same_digest_in_two_repositories_is_deleted_in_both():
    """B12."""
    ecr = Ecr()
    outcomes = run(plan_of(repository_plan("a", stage(1)), repository_plan("b", stage(1))), ecr)
    assert [(outcome.repository, outcome.status) for outcome in outcomes] == [
        ("a", OutcomeStatus.DELETED),
        ("b", OutcomeStatus.DELETED),
    ]


def test_each_registry_is_emptied_through_its_own_deleter():
    """B25."""
    deleters = {REGISTRY: Ecr(), OTHER: Ecr()}
    made = plan_of(
        repository_plan("a", stage(1)),
        repository_plan("a", stage(2), registry=OTHER),
        repository_plan("b", stage(3)),
    )
    asked: list[Registry] = []

    def deleter_for(registry: Registry) -> Deleter:
        asked.append(registry)
        return deleters[registry]

    list(apply(made, deleter_for, Log(Ecr()), as_planned))
    assert deleters[REGISTRY].calls("delete") == [digests([1]), digests([3])]
    assert deleters[OTHER].calls("delete") == [digests([2])]
    assert asked == [REGISTRY, OTHER]


def two_targets() -> Plan:
    return plan_of(
        repository_plan("a", stage(1)),
        repository_plan("a", stage(2), registry=OTHER),
        repository_plan("b", stage(3)),
        repository_plan("b", stage(4), registry=OTHER),
    )


def test_an_error_in_one_target_ends_the_work_of_that_target_only():
    broken, sound = Ecr(errors={("delete", "a"): [AwsError("the role is gone")]}), Ecr()
    deleters = {REGISTRY: broken, OTHER: sound}
    outcomes = list(apply(two_targets(), deleters.__getitem__, Log(Ecr()), as_planned))
    assert [
        (outcome.registry, outcome.repository, outcome.status, outcome.detail)
        for outcome in outcomes
    ] == [
        (REGISTRY, "a", OutcomeStatus.FAILED, "the role is gone"),
        (OTHER, "a", OutcomeStatus.DELETED, ""),
        (REGISTRY, "b", OutcomeStatus.FAILED, "not tried after an earlier error: the role is gone"),
        (OTHER, "b", OutcomeStatus.DELETED, ""),
    ]
    assert broken.calls("delete") == [digests([1])]
    assert sound.calls("delete") == [digests([2]), digests([4])]


def test_what_one_target_no_longer_knows_is_asked_again_for_the_next():
    asked: list[tuple[Registry, str]] = []

    def revalidate(planned: RepositoryPlan) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
        asked.append((planned.registry, planned.repository))
        if planned.registry == REGISTRY:
            raise IncompleteError("ecs:ListTasks timed out")
        return planned, ()

    outcomes = run(two_targets(), revalidate=revalidate)
    assert set(details(outcomes, OutcomeStatus.FAILED)) == {digest(1), digest(3)}
    assert set(details(outcomes, OutcomeStatus.DELETED)) == {digest(2), digest(4)}
    assert asked == [(REGISTRY, "a"), (OTHER, "a"), (OTHER, "b")]


def test_an_incomplete_plan_is_refused_before_anything_is_asked_of_aws():
    """B11."""
    note = Diagnostic(ReadStatus.DENIED, "ecs:ListTasks is denied; allow it: not you")
    made = plan_of(
        repository_plan("a", stage(1)), source_reports=(SourceReport(REGISTRY, "ecs", 0, (note,)),)
    )

    def deleter_for(_: Registry) -> Deleter:
        raise AssertionError("nothing may be deleted")

    with pytest.raises(IncompleteError) as error:
        list(apply(made, deleter_for, Log(Ecr()), as_planned))
    assert str(error.value) == (
        "nothing was deleted; the plan is incomplete: ecs:ListTasks is denied; allow it: not you"
    )


def test_a_repository_that_could_not_be_read_makes_the_plan_incomplete():
    """B11."""
    made = plan_of(repository_plan("a", stage(1)), repository_plan("b", unread="oops"))
    with pytest.raises(IncompleteError, match="the plan is incomplete: b: oops"):
        run(made)


def test_nothing_to_delete_asks_nothing_of_aws():
    ecr = Ecr()
    assert run(plan_of(repository_plan("a")), ecr) == []
    assert run(plan_of(), ecr) == []
    assert ecr.events == []


def test_outcomes_come_as_the_answers_do():
    """So that what is deleted is known when the run is stopped."""
    ecr = Ecr()
    outcomes = apply(one(stage(1), stage(2)), lambda _: ecr, Log(ecr), as_planned)
    assert next(outcomes).decision.image.digest == digest(1)
    assert ecr.calls("delete") == [digests([1])]


# A fresh look before each repository's turn


def test_a_skipped_deletion_is_reported_and_not_deleted():
    """B15."""

    def spares_the_second(
        planned: RepositoryPlan,
    ) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
        first, second = planned.deletions
        return replace(planned, stages=((first,),)), (SkippedDeletion(second, "now in_use"),)

    ecr = Ecr()
    outcomes = run(one(stage(1, 2)), ecr, spares_the_second)
    assert answers(outcomes) == {digest(1): OutcomeStatus.DELETED, digest(2): OutcomeStatus.SKIPPED}
    assert details(outcomes, OutcomeStatus.SKIPPED) == {digest(2): "now in_use"}
    assert ecr.calls("delete") == [digests([1])]


@pytest.mark.parametrize(
    "error",
    [IncompleteError("not known any more"), AwsError("oops"), InputError("f.json: is too old")],
)
def test_where_nobody_knows_what_is_in_use_any_more_the_run_stops(error):
    """B15."""

    def fails(planned: RepositoryPlan) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
        if planned.repository == "b":
            raise error
        return planned, ()

    ecr = Ecr()
    made = plan_of(*[repository_plan(name, stage(number)) for number, name in enumerate("abc")])
    outcomes = run(made, ecr, fails)
    assert answers(outcomes)[digest(0)] is OutcomeStatus.DELETED
    assert details(outcomes, OutcomeStatus.FAILED) == {
        digest(1): str(error),
        digest(2): f"not tried after an earlier error: {error}",
    }
    assert ecr.calls("delete") == [digests([0])]


# The journal


def test_what_is_about_to_happen_is_written_before_and_what_happened_after_each_call():
    ecr = Ecr()
    run(one(stage(1), stage(2)), ecr)
    assert [(kind, them) for kind, _, them in ecr.events] == [
        (kind, digests([number]))
        for number in (1, 2)
        for kind in ("read", "intend", "delete", "answer")
    ]


def test_b38_an_image_whose_manifest_cannot_be_written_down_is_kept_with_all_that_belongs_to_it():
    """There would be no way back."""
    ecr = Ecr(unknown={digest(1): "AWS's answer is another manifest"})
    held_by = {digest(2): (digest(1),), digest(3): (digest(2),)}
    planned = repository_plan("shop/api", stage(1, 9), stage(2), stage(3), held_by=held_by)
    outcomes = run(plan_of(planned), ecr)
    assert ecr.calls("delete") == [(digest(9),)]
    assert ecr.calls("intend") == [(digest(9),)]
    assert details(outcomes, OutcomeStatus.FAILED) == {
        digest(1): "kept, since there would be no way back: AWS's answer is another manifest"
    }
    assert details(outcomes, OutcomeStatus.SKIPPED) == {
        digest(2): f"belongs to {digest(1)}, which is kept",
        digest(3): f"belongs to {digest(2)}, which is kept",
    }


def test_where_no_manifest_can_be_written_down_nothing_is_asked_of_aws():
    ecr = Ecr(unknown={digest(1): "no key"})
    run(one(stage(1)), ecr)
    assert ecr.calls("delete") == ecr.calls("intend") == []


def test_an_image_that_is_tried_again_is_written_down_once():
    ecr = Ecr(indexes={digest(9): (digest(1),)})
    run(one(stage(1), stage(9)), ecr)
    assert ecr.calls("read") == ecr.calls("intend") == [digests([1]), digests([9])]
    assert ecr.calls("answer") == [digests([9]), digests([1])]


def test_what_cannot_be_written_down_first_is_not_deleted():
    unreadable = AwsError("ecr:BatchGetImage: a@sha256: no key")
    ecr = Ecr(errors={("read", "a"): [unreadable]})
    outcomes = run(plan_of(repository_plan("a", stage(1))), ecr)
    assert details(outcomes, OutcomeStatus.FAILED) == {digest(1): str(unreadable)}
    assert ecr.calls("delete") == []


def test_what_is_deleted_is_reported_even_where_the_journal_cannot_be_written():
    ecr = Ecr()
    log = Log(ecr, OutputError("journal.jsonl could not be written: No space left on device"))
    outcomes = apply(one(stage(1, 2), stage(3)), lambda _: ecr, log, as_planned)
    assert [next(outcomes).status for _ in range(2)] == [
        OutcomeStatus.DELETED,
        OutcomeStatus.DELETED,
    ]
    with pytest.raises(OutputError, match="No space left"):
        next(outcomes)
    assert ecr.calls("delete") == [digests([1, 2])]


def test_the_journal_and_the_outcomes_say_the_same():
    """B3."""
    ecr = Ecr(
        codes={digest(2): "KmsError"},
        silent=frozenset({digest(3)}),
        errors={("look", "a"): [AwsError("oops")]},
    )
    log = Log(ecr)
    made = plan_of(repository_plan("a", stage(1, 2, 3)))
    assert list(apply(made, lambda _: ecr, log, as_planned)) == log.answers
    assert len(log.answers) == 3


# Archiving


def test_images_are_archived_one_a_call_and_reported_as_archived():
    ecr = Ecr()
    outcomes = run(one([archiving(1), archiving(2)]), ecr)
    assert set(answers(outcomes).values()) == {OutcomeStatus.ARCHIVED}
    assert ecr.calls("archive") == [digests([1]), digests([2])]
    assert ecr.calls("delete") == []


def test_of_one_stage_each_image_is_deleted_or_archived_in_its_own_way():
    ecr = Ecr()
    outcomes = run(one([archiving(1), *stage(2)]), ecr)
    assert answers(outcomes) == {
        digest(1): OutcomeStatus.ARCHIVED,
        digest(2): OutcomeStatus.DELETED,
    }


def test_an_image_that_cannot_be_archived_is_reported_and_the_others_continue():
    errors: list[EcrmError | None] = [AwsError("not this one"), Gone("it is gone"), None]
    ecr = Ecr(errors={("archive", "shop/api"): errors})
    outcomes = run(one([archiving(1), archiving(2), archiving(3)]), ecr)
    assert [(outcome.status, outcome.detail) for outcome in outcomes] == [
        (OutcomeStatus.FAILED, "not this one"),
        (OutcomeStatus.ALREADY_GONE, "it is gone"),
        (OutcomeStatus.ARCHIVED, ""),
    ]


# Time


def asked(times: int) -> Callable[[], bool]:
    """True this number of times, and then never again."""
    answers = iter([True] * times)
    return lambda: next(answers, False)


def test_where_the_time_is_over_the_batch_in_hand_is_the_last():
    """The first question is that of the repository, the others are those of its batches."""
    ecr = Ecr()
    outcomes = run(one(stage(*range(250))), ecr, may_go_on=asked(3))
    assert [len(batch) for batch in ecr.calls("delete")] == [100, 100]
    assert Counter(answers(outcomes).values()) == {
        OutcomeStatus.DELETED: 200,
        OutcomeStatus.DEFERRED: 50,
    }
    assert set(details(outcomes, OutcomeStatus.DEFERRED)) == set(digests(range(200, 250)))


def test_of_what_is_left_nothing_is_in_the_journal():
    ecr = Ecr()
    log = Log(ecr)
    run(one(stage(*range(150))), ecr, may_go_on=asked(2), log=log)
    assert sum(ecr.calls("intend"), ()) == digests(range(100))
    assert [outcome.decision.image.digest for outcome in log.answers] == list(digests(range(100)))


def test_where_the_time_is_over_no_other_repository_is_begun_nor_read_again():
    reread: list[str] = []

    def revalidate(planned: RepositoryPlan) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
        reread.append(planned.repository)
        return planned, ()

    plan = plan_of(repository_plan("a", stage(1)), repository_plan("b", stage(2)))
    ecr = Ecr()
    outcomes = run(plan, ecr, revalidate, asked(2))
    assert answers(outcomes) == {
        digest(1): OutcomeStatus.DELETED,
        digest(2): OutcomeStatus.DEFERRED,
    }
    assert (ecr.calls("delete"), reread) == ([digests([1])], ["a"])


def test_time_that_is_over_while_reading_again_leaves_the_repository():
    def revalidate(_: RepositoryPlan) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
        raise OutOfTimeError("over")

    ecr = Ecr()
    assert answers(run(one(stage(1)), ecr, revalidate)) == {digest(1): OutcomeStatus.DEFERRED}
    assert ecr.events == []


def test_a_call_that_may_not_be_sent_any_more_leaves_its_images():
    ecr = Ecr(errors={("delete", "shop/api"): [None, OutOfTimeError("over")]})
    log = Log(ecr)
    outcomes = run(one(stage(*range(150))), ecr, log=log)
    assert Counter(answers(outcomes).values()) == {
        OutcomeStatus.DELETED: 100,
        OutcomeStatus.DEFERRED: 50,
    }
    assert len(log.answers) == 100  # what became of the others is not known


def test_what_an_index_still_held_when_the_time_was_over_is_left_with_what_ecr_said():
    ecr = Ecr(indexes={digest(9): (digest(1),)})
    log = Log(ecr)
    outcomes = run(one(stage(1, 2), stage(9)), ecr, may_go_on=asked(2), log=log)
    assert answers(outcomes) == {
        digest(1): OutcomeStatus.DEFERRED,
        digest(2): OutcomeStatus.DELETED,
        digest(9): OutcomeStatus.DEFERRED,
    }
    assert {outcome.decision.image.digest: outcome.status for outcome in log.answers} == {
        digest(1): OutcomeStatus.DEFERRED,
        digest(2): OutcomeStatus.DELETED,
    }
    assert details(outcomes, OutcomeStatus.DEFERRED)[digest(1)] == f"{HELD}: it is so"


def test_time_that_is_over_while_trying_again_leaves_what_is_still_to_be_tried():
    held = range(1, 151)
    ecr = Ecr(indexes={digest(999): digests(held)})
    outcomes = run(one(stage(*held), stage(999)), ecr, may_go_on=asked(5))
    statuses = answers(outcomes)
    assert [len(batch) for batch in ecr.calls("delete")] == [100, 50, 1, 100]
    assert Counter(statuses.values()) == {OutcomeStatus.DELETED: 101, OutcomeStatus.DEFERRED: 50}


def test_an_archive_call_that_may_not_be_sent_any_more_takes_back_none_before_it():
    ecr = Ecr(errors={("archive", "shop/api"): [None, OutOfTimeError("over")]})
    outcomes = run(one([archiving(1), archiving(2)]), ecr)
    assert answers(outcomes) == {
        digest(1): OutcomeStatus.ARCHIVED,
        digest(2): OutcomeStatus.DEFERRED,
    }


def test_what_aws_answered_counts_even_where_there_is_no_time_to_look_for_the_rest():
    ecr = Ecr(
        silent=frozenset({digest(2)}), errors={("look", "shop/api"): [OutOfTimeError("over")]}
    )
    outcomes = run(one(stage(1, 2)), ecr)
    assert answers(outcomes) == {digest(1): OutcomeStatus.DELETED, digest(2): OutcomeStatus.FAILED}


def test_what_was_refused_in_either_round_is_written_down_when_the_time_is_over():
    """Image 1 is held by a kept index, and 101 to 150 have not been tried again yet."""
    held = range(1, 151)
    ecr = Ecr(indexes={digest(999): digests(held), digest(998): (digest(1),)})
    log = Log(ecr)
    outcomes = run(one(stage(*held), stage(999)), ecr, may_go_on=asked(5), log=log)
    left = set(digests([1, *range(101, 151)]))
    assert set(details(outcomes, OutcomeStatus.DEFERRED)) == left
    assert set(details(log.answers, OutcomeStatus.DEFERRED)) == left
    assert set(details(log.answers, OutcomeStatus.DEFERRED).values()) == {f"{HELD}: it is so"}
    assert len(log.answers) == len(outcomes) == 151


def test_a_repository_without_deletions_is_not_begun():
    begun: list[str] = []

    def revalidate(planned: RepositoryPlan) -> tuple[RepositoryPlan, tuple[SkippedDeletion, ...]]:
        begun.append(planned.repository)
        return planned, ()

    made = plan_of(repository_plan("a"), repository_plan("b", stage(1)), repository_plan("c"))
    run(made, revalidate=revalidate, may_go_on=asked(2))
    assert begun == ["b"]


def test_in_one_stage_deletions_come_before_archiving():
    ecr = Ecr()
    run(one([archiving(1), deletable(numbered(2)), archiving(3)]), ecr)
    calls = [(kind, found) for kind, _, found in ecr.events if kind in ("delete", "archive")]
    assert calls == [("delete", digests([2])), ("archive", digests([1])), ("archive", digests([3]))]
    assert ecr.calls("read") == [digests([2])]  # ECR keeps the manifest of what is archived
