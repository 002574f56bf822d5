"""A log line says when, how severe, what, and the facts."""

import logging
from datetime import datetime, timedelta, timezone

import pytest

from ecrm.workflow.logs import NOTICE, fields_of, json_line, level_of, text_line

AT = datetime(2026, 11, 22, 10, 30, 0, 123456, timezone(timedelta(hours=9)))


def test_a_line_for_people():
    assert text_line("warn", "no repository rule") == "ecrm: warn: no repository rule"


def test_a_line_for_machines():
    assert json_line("warn", 'größe "x"\n', AT, {"images": 3, "at": AT}) == (
        '{"level": "warn", "time": "2026-11-22T01:30:00.123Z", "message": "größe \\"x\\"\\n", '
        '"images": 3, "at": "2026-11-22 10:30:00.123456+09:00"}'
    )


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (logging.DEBUG, "debug"),
        (logging.INFO, "info"),
        (NOTICE, "notice"),
        (logging.WARNING, "warn"),
        (logging.ERROR, "error"),
        (logging.CRITICAL, "error"),
        (1, "debug"),
    ],
)
def test_levels_have_the_names_of_the_options(number, name):
    assert level_of(logging.LogRecord("ecrm", number, "", 1, "x", (), None)) == name


def test_fields_are_those_that_were_logged():
    record = logging.LogRecord("ecrm", logging.INFO, "", 1, "x", (), None)
    assert fields_of(record) == {}
    record.fields = {"images": 3}
    assert fields_of(record) == {"images": 3}
