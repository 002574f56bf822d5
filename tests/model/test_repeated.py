"""The same failure of many things is one line."""

from ecrm.model.repeated import once

DENIED = "ecr:DescribeImages is denied; allow it: on resource: arn:aws:ecr:::repository/{}"


def test_a_failure_that_came_once_is_reported_as_it_is():
    assert once([("app", "oops"), ("", "ecs:ListTasks: oops")]) == (
        "app: oops",
        "ecs:ListTasks: oops",
    )


def test_the_same_failure_of_many_is_one_line_with_a_count():
    names = [f"app{number}" for number in range(57)]
    assert once([(name, DENIED.format(name)) for name in names]) == (
        f"app0: {DENIED.format('app0')} (also app1, app2, app3 and 53 more)",
    )


def test_a_few_are_all_named():
    assert once([("a", "oops"), ("b", "oops"), ("c", "oops")]) == ("a: oops (also b, c)",)


def test_failures_without_a_name_are_counted():
    lines = [f"GetFunction: arn:aws:lambda:::function:f{number} is odd" for number in range(12)]
    assert once(("", line) for line in lines) == (f"{lines[0]} (and 11 more of this kind)",)


def test_the_name_of_what_failed_does_not_make_a_failure_another_one():
    assert once((name, f"the repository '{name}' is odd") for name in ("a", "b")) == (
        "a: the repository 'a' is odd (also b)",
    )


def test_digests_do_not_make_a_failure_another_one():
    whys = [f"app@sha256:{number:064x}: AWS's answer leaves it out" for number in range(2)]
    assert once([("a", whys[0]), ("b", whys[1])]) == (f"a: {whys[0]} (also b)",)


def test_other_failures_are_other_lines():
    assert once([("a", "x"), ("b", "y"), ("c", "x")]) == ("a: x (also c)", "b: y")
