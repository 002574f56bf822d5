"""The list of accounts: literally, as text and as JSON."""

import json

from ecrm.aws import Target
from ecrm.aws.targets import Account, Resolved
from ecrm.config.targets import RegistryEntry
from ecrm.model.reference import Registry
from ecrm.model.scan import Diagnostic, ReadStatus, SourceReport
from ecrm.reports.targets import targets_json, targets_text
from tests.stubs import session


def report(account: str, status: ReadStatus, text: str) -> SourceReport:
    return SourceReport(
        Registry(account, "us-east-1"), "account", notes=(Diagnostic(status, text),)
    )


REACHED = Resolved(
    Account("111111111111", "images", registry=RegistryEntry("111111111111", ("eu-west-1",))),
    tuple(
        Target(Registry("111111111111", region), session()) for region in ("eu-west-1", "us-east-1")
    ),
    (report("111111111111", ReadStatus.EXCLUDED, "ap-east-1 is not enabled there"),),
)
DENIED = Resolved(
    Account("222222222222"), (), (report("222222222222", ReadStatus.DENIED, "no\x1b role"),)
)
OLD = Resolved(
    Account("333333333333", "old"), (), (report("333333333333", ReadStatus.EXCLUDED, "closed"),)
)


def test_as_text():
    assert targets_text((REACHED, DENIED, OLD)) == (
        """\
 ACCOUNT      | NAME   | STATUS   | SCANNED              | PLANNED
--------------+--------+----------+----------------------+-----------
 111111111111 | images | ok       | eu-west-1, us-east-1 | eu-west-1
 222222222222 |        | denied   |                      |
 333333333333 | old    | excluded |                      |

3 accounts, 1 of them cannot be read.
ap-east-1 is not enabled there
no\\x1b role
closed"""
    )


def test_as_json():
    found = json.loads(targets_json((REACHED, DENIED)))
    assert found == {
        "ecrm_targets": 1,
        "complete": False,
        "accounts": [
            {
                "account": "111111111111",
                "name": "images",
                "status": "ok",
                "scanned": ["eu-west-1", "us-east-1"],
                "planned": ["eu-west-1"],
                "notes": [{"status": "excluded", "text": "ap-east-1 is not enabled there"}],
            },
            {
                "account": "222222222222",
                "name": "",
                "status": "denied",
                "scanned": [],
                "planned": [],
                "notes": [{"status": "denied", "text": "no\x1b role"}],
            },
        ],
    }
    assert json.loads(targets_json((REACHED, OLD)))["complete"]
