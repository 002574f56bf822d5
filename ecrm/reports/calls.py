"""What a run asked of AWS, in one line for people."""

from ecrm.aws.counter import Meter


def calls_text(meter: Meter, known: int, seconds: float) -> str:
    """`known` is how many answers an earlier run had got."""
    each = ", ".join(f"{action} {count:,}" for action, count in meter.calls.most_common())
    return (
        f"{meter.calls.total():,} calls to AWS in {seconds:.1f} s, {meter.throttled:,} throttled, "
        f"{known:,} answers known from earlier runs: {each}"
    )
