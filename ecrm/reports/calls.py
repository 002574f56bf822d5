"""What a run asked of AWS, for people."""

from ecrm.aws.counter import CallCounter


def calls_text(call_counter: CallCounter, seconds: float) -> str:
    total, throttled = call_counter.calls.total(), call_counter.throttled
    slowed = f", {throttled:,} throttled" if throttled else ""
    return f"{total:,} calls to AWS in {seconds:.1f} s{slowed}"


def stats_text(call_counter: CallCounter, known: int) -> str:
    """`known` is how many answers an earlier run had got."""
    counts = [f"{action} {count:,}" for action, count in call_counter.calls.most_common()]
    return ", ".join([f"{known:,} answers known from earlier runs", *counts])
