"""What a run asked of AWS, in one line for people."""

from ecrm.aws.counter import CallCounter


def calls_text(call_counter: CallCounter, known: int, seconds: float) -> str:
    """`known` is how many answers an earlier run had got."""
    counts = ", ".join(f"{action} {count:,}" for action, count in call_counter.calls.most_common())
    total, throttled = call_counter.calls.total(), call_counter.throttled
    return (
        f"{total:,} calls to AWS in {seconds:.1f} s, {throttled:,} throttled, "
        f"{known:,} answers known from earlier runs: {counts}"
    )
