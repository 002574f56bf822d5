"""The account that the fault tests use is what they take it for."""

from __future__ import annotations

import pytest

from tests.fake_aws import FakeAws

from . import driving
from .account import Account, in_use, key
from .building import build
from .driving import Desk, short_pages

WAYS = tuple(build(FakeAws()).forget)


def test_a_run_in_good_weather_deletes_everything_deletable_and_nothing_else(desk):
    ran = desk.delete()
    assert ran.code == 0
    assert desk.account.present() == desk.before - desk.account.deletable
    driving.nothing_in_use_is_gone(desk)
    driving.the_exit_code_is_true(desk, ran)
    driving.the_journal_is_true(desk, ran)


@pytest.mark.parametrize("way", WAYS)
def test_each_image_in_use_is_found_in_one_way_only(desk: Desk, account: Account, way: str):
    image = account.used[way]
    assert key(image) in desk.in_use
    account.forget[way]()
    assert desk.delete().code == 0
    assert image not in image.repository


def test_every_listing_has_pages_and_every_batch_is_full(desk, account):
    short_pages(account.aws)
    calls = desk.delete().calls
    for operation in driving.SHORT:
        assert len(calls.of("*", operation)) >= 3, operation
    assert (
        max(len(call.parameters["imageIds"]) for call in calls.of("ecr", "BatchDeleteImage")) == 100
    )
    assert len(in_use(account)) > 30
