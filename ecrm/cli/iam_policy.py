"""`ecrm iam-policy`: the permissions that a command needs."""

import click

from ecrm.cli.options import CONTEXT, command_options, output_option
from ecrm.cli.terminal import show

_COMMANDS = ("scan", "plan", "snapshot", "check", "delete", "restore")


@click.command("iam-policy", context_settings=CONTEXT)
@click.option(
    "--for",
    "command",
    type=click.Choice(_COMMANDS),
    default="plan",
    show_default=True,
    help="The command; plan does for explain and generate as well.",
)
@click.option(
    "--action",
    type=click.Choice(("delete", "archive")),
    help="As `delete` is told to do instead of what the rules say.",
)
@click.option("--journal", metavar="S3-URI", help="Where journals are kept.")
@click.option("--plan", metavar="S3-URI", help="Where plan files are: plan writes, delete reads.")
@click.option("--state", metavar="S3-URI", help="What ECRM_STATE_DIR names.")
@click.option("--report", metavar="S3-URI", help="Where the Lambda function writes reports to.")
@click.option("--topic", metavar="ARN", help="The SNS topic that the Lambda function tells.")
@click.option("--account", metavar="ID", default="*", help="Allow nothing in other accounts.")
@click.option("--partition", metavar="NAME", default="aws", show_default=True, help="As in ARNs.")
@output_option
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
    **places: str | None,
) -> None:
    """Print the IAM policy that a command needs, and nothing more.

    It is for what ecrm.yaml asks for: images may be changed only in the repositories that a rule
    matches, and read only there unless the command looks at all of them. Without an ecrm.yaml, or
    with one in S3 or SSM (s3://bucket/key or ssm://parameter), it does for any. AWS is not asked.

    \b
      ecrm iam-policy --for delete --journal s3://my-journals/ecrm/
      ecrm iam-policy --for plan --account 123456789012 --region us-east-1
    """
    from ecrm.model.rule import Action
    from ecrm.workflow import commands as workflow
    from ecrm.workflow.iam_policy import Besides, Command, PolicyScope

    policy = workflow.iam_policy(
        Command(command),
        ctx.obj.get("config"),
        PolicyScope(partition, account, ctx.obj.get("region", "*")),
        Besides(**places),
        Action(action) if action else None,
    )
    import json

    show(json.dumps(policy, indent=2), output)
