"""A slow, obvious second computation of a small sweep. Nothing here comes from the engine or from its equations.

Each quantity is written out from the inputs in one expression, beside the inputs that it depends on; a cube is filled cell by
cell in plain loops. All numbers are SI.
"""

import itertools
from collections.abc import Callable

import numpy as np

DAY = 24 * 3600.0
WH = 3600.0

# what tests/data/small.yaml says, in SI: axis -> column -> values, and the inputs that are the same everywhere
AXES = {
    "gpus": {"gpus": [1000.0, 8000.0, 25000.0]},
    "split": {"tp": [1.0, 1.0, 8.0, 8.0], "pp": [1.0, 15.0, 1.0, 15.0], "cp": [1.0, 1.0, 1.0, 1.0]},
    "training_duration": {"training_duration": [30 * DAY, 90 * DAY, 150 * DAY]},
    "queries_per_day": {"queries_per_day": [0.0, 1e9 / DAY, 2.5e9 / DAY, 1e10 / DAY]},
    "pue": {"pue": [1.1, 1.2, 1.3, 1.4, 1.5]},
    "product": {"matmul_m": [1.0, 8192.0, 100000.0], "matmul_n": [8192.0, 8192.0, 100000.0], "matmul_k": [8192.0, 8192.0, 100000.0]},
}
FIXED = {
    "gpus_per_server": 8.0,
    "gpu_tdp": 400.0,
    "peak_rate": 312e12,
    "peak_rate_16bit": 312e12,
    "hbm_bandwidth": 2.039e12,
    "element_bytes": 2.0,
    "server_power": 6500.0,
    "time_to_train": 60 * DAY,
    "training_flops": 2e25,
    "energy_per_query": 0.3 * WH,
    "serving_period": 90 * DAY,
}


def train(gpus, gpus_per_server, server_power, seconds):
    """Energy of a cluster's servers."""
    return gpus / gpus_per_server * server_power * seconds


def finish(gpus, gpus_per_server, server_power, seconds, deadline):
    """Energy of a cluster's servers until they are done; nothing that means anything where they are late."""
    return train(gpus, gpus_per_server, server_power, seconds) if seconds <= deadline else float("nan")


def serve(queries_per_day, energy_per_query, seconds):
    """Energy of the servers that answer queries."""
    return queries_per_day * seconds * energy_per_query


def traffic(m, n, k, width):
    """Bytes of an m x k matrix, a k x n matrix and their product."""
    return width * m * k + width * k * n + width * m * n


def seconds(m, n, k, width, peak, bandwidth):
    """Time of a matrix product: that of its arithmetic or that of its traffic, whichever is longer."""
    return max(2 * m * n * k / peak, traffic(m, n, k, width) / bandwidth)


def quotient(top, bottom):
    """A division that has no value where the divisor is nothing."""
    return top / bottom if bottom != 0 else float("nan")


SPLIT = ("tp", "pp", "cp")
CLUSTER = ("gpus", "gpus_per_server", "server_power")
TRAINING = (*CLUSTER, "time_to_train", "training_duration")
QUERIES = ("queries_per_day", "energy_per_query")
SERVING = (*QUERIES, "serving_period")
PRODUCT = ("matmul_m", "matmul_n", "matmul_k")
ROOF = (*PRODUCT, "element_bytes", "peak_rate", "hbm_bandwidth")

# quantity -> (the inputs that it depends on, its value from these)
QUANTITIES: dict[str, tuple[tuple[str, ...], Callable[..., float]]] = {
    "gpus_per_replica": (SPLIT, lambda tp, pp, cp: tp * pp * cp),
    "replicas": (("gpus", *SPLIT), lambda gpus, tp, pp, cp: gpus / tp / pp / cp),
    "servers": (("gpus", "gpus_per_server"), lambda gpus, each: gpus / each),
    "gpu_power_total": (("gpus", "gpu_tdp"), lambda gpus, tdp: gpus * tdp),
    "it_power": (CLUSTER, lambda gpus, each, power: train(gpus, each, power, 1.0)),
    "required_mfu": (
        ("training_flops", "gpus", "peak_rate_16bit", "training_duration"),
        lambda flops, gpus, peak, duration: flops / duration / gpus / peak,
    ),
    "run_duration": (("time_to_train", "training_duration"), lambda seconds, deadline: finish(1.0, 1.0, 1.0, seconds, deadline)),
    "training_energy": (TRAINING, finish),
    "facility_energy": ((*TRAINING, "pue"), lambda *a: a[-1] * finish(*a[:-1])),
    "serving_power": (QUERIES, lambda queries, each: serve(queries, each, 1.0)),
    "serving_energy_per_day": (QUERIES, lambda queries, each: serve(queries, each, DAY)),
    "serving_energy": (SERVING, serve),
    "serving_facility_energy": ((*SERVING, "pue"), lambda *a: a[-1] * serve(*a[:-1])),
    "total_facility_energy": ((*TRAINING, *SERVING, "pue"), lambda *a: (finish(*a[:5]) + serve(*a[5:8])) * a[8]),
    "overtake_days": ((*TRAINING, *QUERIES), lambda *a: quotient(finish(*a[:5]), serve(a[5], a[6], 1.0))),
    "serving_share": ((*TRAINING, *SERVING), lambda *a: quotient(serve(*a[5:]), finish(*a[:5]) + serve(*a[5:]))),
    "matmul_flops": (PRODUCT, lambda m, n, k: 2 * m * n * k),
    "matmul_bytes": ((*PRODUCT, "element_bytes"), traffic),
    "matmul_intensity": ((*PRODUCT, "element_bytes"), lambda m, n, k, width: 2 * m * n * k / traffic(m, n, k, width)),
    "matmul_rate": (ROOF, lambda m, n, k, *a: 2 * m * n * k / seconds(m, n, k, *a)),
    "matmul_time": (ROOF, seconds),
    "matmul_energy": (("gpu_tdp", *ROOF), lambda tdp, *a: tdp * seconds(*a)),
}


def cube(axes=AXES, fixed=FIXED):
    """Every quantity as (names of its axes, array): the axes are those with a column that the quantity depends on."""
    found = {}
    for name, (inputs, value) in QUANTITIES.items():
        dims = tuple(axis for axis, columns in axes.items() if set(columns) & set(inputs))
        sizes = [len(next(iter(axes[axis].values()))) for axis in dims]
        array = np.empty(sizes)
        for place in itertools.product(*(range(size) for size in sizes)):
            here = dict(fixed)
            for axis, index in zip(dims, place, strict=True):
                for column, values in axes[axis].items():
                    here[column] = values[index]
            array[place] = value(*(here[column] for column in inputs))
        found[name] = (dims, array)
    return found
