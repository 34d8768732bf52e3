"""What encoding a status list costs: `python -m tests.bench.lists`. Ends with 1 above the budget."""

import random
import sys
import time

from flask_certify.credentials import status_list

BUDGET_MS = 5.0


def main() -> int:
    rng = random.Random(4)
    worst = 0.0
    for share in (0, 0.02, 0.5):
        revoked = rng.sample(range(status_list.SIZE), int(status_list.SIZE * share))
        times = []
        for _ in range(50):
            began = time.process_time()
            text = status_list.encode(status_list.bits(revoked))
            times.append((time.process_time() - began) * 1000)
        median = sorted(times)[25]
        print(f"{share:>5.0%} of {status_list.SIZE:,} places set: {median:.2f} ms, {len(text):,} characters")
        if share <= 0.02:
            worst = max(worst, median)
    return 0 if worst <= BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
