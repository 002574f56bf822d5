"""`ecrm kubernetes`: what a cluster must allow ecrm."""

import click

from ecrm.cli.help import CONTEXT, group
from ecrm.cli.options import command_options, output_option
from ecrm.cli.request import request
from ecrm.cli.terminal import show
from ecrm.errors import UsageError


@group("kubernetes")
@command_options
def kubernetes() -> None:
    """Print what a Kubernetes cluster must allow ecrm."""


@kubernetes.command(context_settings=CONTEXT)
@click.option("--role", metavar="ARN", help="The IAM role of ecrm, or of the CronJob.")
@click.option(
    "--scan-to",
    metavar="S3-URI",
    help="Print a CronJob, too, which scans the cluster that it runs in and writes there.",
)
@click.option("--image", metavar="IMAGE", help="The image of the CronJob, with ecrm in it.")
@output_option()
@command_options
@click.pass_context
def manifest(
    ctx: click.Context,
    /,
    *,
    role: str | None,
    scan_to: str | None,
    image: str | None,
    output: str,
) -> None:
    """Print the minimal role of a cluster, for kubectl.

    It allows exactly the lists that ecrm reads, and follows `kubernetes` in ecrm.yaml, if there is
    one. It is bound to the group ecrm, into which an access entry of EKS puts ecrm's IAM role; with
    --scan-to, to the service account of a CronJob, for a cluster that cannot be reached from
    outside. No cluster is asked.

    \b
      ecrm kubernetes manifest | kubectl apply -f -
      ecrm kubernetes manifest --scan-to s3://scans/prod.json --image ecrm:0.1.0
    """
    from ecrm.workflow import commands as workflow
    from ecrm.workflow.kubernetes_manifest import Job

    if bool(scan_to) != bool(image):
        raise UsageError("--scan-to needs --image, and --image needs --scan-to")
    region = ctx.obj.get("region")
    job = Job(image, scan_to, role, region) if image and scan_to else None
    show(workflow.kubernetes_manifest(request(ctx), role, job).rstrip("\n"), output)
