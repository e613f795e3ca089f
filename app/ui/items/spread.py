"""Labels one below another: none on another, each as near to its place as can be."""

from collections.abc import Sequence


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places apart by as little as can be (least squares).

    Those that are too near are pooled and share the way, as in isotonic regression
    (pool adjacent violators; Barlow et al. 1972).

    Parameters
    ----------
    wanted : sequence of float
        Ascending.
    gap : float
        Between neighbours, at the least.
    low, high : float
        Where the first and the last may be; `high` gives way where there is no room.

    Returns
    -------
    list of float
        Places in the same order.
    """
    pools: list[tuple[float, int]] = []  # sum of wanted first places, members
    for each in wanted:
        total, count = each, 1
        while pools:
            before, members = pools[-1]
            if before / members + members * gap <= total / count:
                break
            pools.pop()
            total, count = before + total - count * members * gap, members + count
        pools.append((total, count))
    made = [total / count + i * gap for total, count in pools for i in range(count)]
    most = high
    for i in reversed(range(len(made))):
        made[i] = min(made[i], most)
        most = made[i] - gap
    least = low
    for i, each in enumerate(made):
        made[i] = max(each, least)
        least = made[i] + gap
    return made
