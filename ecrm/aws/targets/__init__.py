"""From `targets` of ecrm.yaml to the accounts and regions of a run, and the credentials for each.

organizations.py  who belongs to the organization
accounts.py       which accounts are scanned, and by which roles; pure
roles.py          credentials that renew themselves
regions.py        which regions of an account are scanned
reaching.py       the targets of one account, and a report for what cannot be reached
resolution.py     all of it
"""

from ecrm.aws.targets.accounts import Account
from ecrm.aws.targets.organizations import Member
from ecrm.aws.targets.reaching import Resolved
from ecrm.aws.targets.resolution import Resolution, members_of, resolve

__all__ = ["Account", "Member", "Resolution", "Resolved", "members_of", "resolve"]
