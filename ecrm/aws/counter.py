"""What was asked of AWS, and what it refused as too fast."""

from collections import Counter
from threading import Lock


class CallCounter:
    """Counts attempts, as AWS's quotas do, by their IAM names such as `ecr:DescribeImages`.
    `answered` are those that AWS has answered, and so allows.

    Many threads may count at once.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.answered: set[str] = set()
        self.throttled = 0
        self._lock = Lock()

    def called(self, action: str) -> None:
        with self._lock:
            self.calls[action] += 1

    def refused(self) -> None:
        with self._lock:
            self.throttled += 1
