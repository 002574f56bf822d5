"""`ecrm iam-policy`: the permissions that a command needs."""

import click

from ecrm.cli.help import command
from ecrm.cli.options import command_options, output_option
from ecrm.cli.terminal import show
from ecrm.errors import UsageError

_COMMANDS = ("scan", "plan", "snapshot", "report", "check", "delete", "restore")


@command("iam-policy")
@click.option(
    "--for",
    "command",
    type=click.Choice(_COMMANDS),
    default="plan",
    show_default=True,
    help="The command; the policy for plan also covers top, explain and generate.",
)
@click.option(
    "--action",
    type=click.Choice(("delete", "archive")),
    help="The action that overrides that of every rule.",
)
@click.option("--journal", metavar="S3-URI", help="Location of journals.")
@click.option("--plan", metavar="S3-URI", help="Location of plan files: plan writes, delete reads.")
@click.option("--state", metavar="S3-URI", help="The value of ECRM_STATE_DIR.")
@click.option("--report", metavar="S3-URI", help="Location of the Lambda function's reports.")
@click.option("--topic", metavar="ARN", help="The SNS topic that the Lambda function notifies.")
@click.option("--account", metavar="ID", default="*", help="Limit the policy to this account.")
@click.option(
    "--partition", metavar="NAME", default="aws", show_default=True, help="The AWS partition."
)
@click.option(
    "--as",
    "form",
    type=click.Choice(("run", "role", "trust", "stackset")),
    default="run",
    show_default=True,
    help="run: what the run itself needs. Of an account that it scans: the policy of its role, the "
    "trust policy, or a CloudFormation template of both.",
)
@click.option(
    "--principal", metavar="ID|ARN", help="Who may assume the role, for its trust policy."
)
@click.option("--external-id", metavar="TEXT", help="The external id that the trust policy wants.")
@click.option("--organization-id", metavar="ID", help="Trust only members of this organization.")
@output_option()
@command_options
@click.pass_context
def iam_policy(
    ctx: click.Context,
    /,
    *,
    command: str,
    action: str | None,
    account: str,
    partition: str,
    output: str,
    form: str,
    principal: str | None,
    external_id: str | None,
    organization_id: str | None,
    **places: str | None,
) -> None:
    """Print the minimal IAM policy for a command.

    It follows ecrm.yaml: images may be changed only in the repositories that a rule matches, and
    read only there unless the command reads all of them. Without an ecrm.yaml, or with one in S3
    or SSM (s3://bucket/key or ssm://parameter), it fits any. AWS is not called.

    \b
      ecrm iam-policy --for delete --journal s3://my-journals/ecrm/
      ecrm iam-policy --for plan --account 123456789012 --region us-east-1
      ecrm iam-policy --as stackset --principal 123456789012 > role.json
    """
    from ecrm.model.rule import Action
    from ecrm.workflow.iam_policy import Besides, Command, PolicyScope
    from ecrm.workflow.iam_policy.roles import Trust
    from ecrm.workflow.permissions import policy_of_run, role_of_account

    scope = PolicyScope(partition, account, ctx.obj.get("region", "*"))
    override = Action(action) if action else None
    config = ctx.obj.get("config")
    if form == "run":
        policy = policy_of_run(Command(command), config, scope, Besides(**places), override)
    elif form != "role" and principal is None:
        raise UsageError(f"--as {form} needs --principal: who may assume the role")
    else:
        trust = Trust(principal or "", external_id, organization_id)
        policy = role_of_account(
            form, Command(command), config, scope, trust=trust, action=override
        )
    import json

    show(json.dumps(policy, indent=2), output)
