"""Matrix multiplication on one GPU, or split over several. What belongs here: the work, bytes, time and energy of one product.

The rate is the roofline's, which no real product exceeds; how far real products stay below it is for the efficiency of training.
"""

from sweep.equations.registry import equation, rule
from sweep.kernels.choices import BF16, FP8, FP16, FP32, INT8, TF32


@equation(unit="B", source="number-formats")
def element_bytes(precision):
    """Memory of one number in a precision; tf32 is fp32 in memory.

    b = 4 (fp32, tf32), 2 (fp16, bf16), 1 (fp8, int8), 1/2 (fp4)

    precision: number format of the matrix multiplications [1]
    """
    if precision in (FP32, TF32):
        return 4.0
    if precision in (FP16, BF16):
        return 2.0
    if precision in (FP8, INT8):
        return 1.0
    return 0.5


@equation(unit="FLOP", source="article")
def matmul_flops(matmul_m, matmul_n, matmul_k):
    """Operations of one matrix product: a multiplication and an addition for each of m n k pairs.

    F = 2 m n k

    matmul_m: m, rows of the product [1]
    matmul_n: n, columns of the product [1]
    matmul_k: k, length of the sums [1]
    """
    return 2 * matmul_m * matmul_n * matmul_k


@equation(unit="B", source="nvidia-matmul")
def matmul_bytes(matmul_m, matmul_n, matmul_k, element_bytes):
    """Bytes between GPU and memory for one matrix product that reads both factors once and writes the result once.

    B = b (m k + k n + m n)

    matmul_m: m, rows of the product [1]
    matmul_n: n, columns of the product [1]
    matmul_k: k, length of the sums [1]
    element_bytes: b, memory of one number [B]
    """
    return element_bytes * (matmul_m * matmul_k + matmul_k * matmul_n + matmul_m * matmul_n)


@equation(unit="FLOP/B", source="nvidia-matmul")
def matmul_intensity(matmul_flops, matmul_bytes):
    """Operations of one matrix product for each byte that it moves (arithmetic intensity).

    I = F / B

    matmul_flops: F, operations of the product [FLOP]
    matmul_bytes: B, bytes that the product moves [B]
    """
    return matmul_flops / matmul_bytes


@equation(unit="FLOP/s", source="williams-2009")
def matmul_rate(peak_rate, hbm_bandwidth, matmul_intensity):
    """Largest rate of one matrix product on one GPU: its peak, or what its memory can feed (roofline).

    R = min(R_peak, W I)

    peak_rate: R_peak, dense peak rate of the GPU in the precision [FLOP/s]
    hbm_bandwidth: W, memory bandwidth of the GPU [B/s]
    matmul_intensity: I, operations for each byte [FLOP/B]
    """
    return min(peak_rate, hbm_bandwidth * matmul_intensity)


@equation(unit="s", source="williams-2009")
def matmul_time(matmul_flops, matmul_rate):
    """Shortest time of one matrix product on one GPU.

    t = F / R

    matmul_flops: F, operations of the product [FLOP]
    matmul_rate: R, largest rate of the product [FLOP/s]
    """
    return matmul_flops / matmul_rate


@equation(unit="J", source="article")
def matmul_energy(gpu_tdp, matmul_time):
    """Energy of one matrix product on one GPU at its thermal design power.

    E = P_tdp t

    gpu_tdp: P_tdp, thermal design power of one GPU [W]
    matmul_time: t, shortest time of the product [s]
    """
    return gpu_tdp * matmul_time


@equation(unit="s", source="williams-2009")
def split_matmul_compute_time(matmul_m, matmul_n, matmul_k, matmul_gpus, element_bytes, peak_rate, hbm_bandwidth):
    """Shortest time in which each of several GPUs computes its columns of a matrix product.

    t = max(2 m n k / (g R), b (m k + k n / g + m n / g) / W)

    matmul_m: m, rows of the product [1]
    matmul_n: n, columns of the product [1]
    matmul_k: k, length of the sums [1]
    matmul_gpus: g, GPUs that share the columns [1]
    element_bytes: b, memory of one number [B]
    peak_rate: R, dense peak rate of the GPU in the precision [FLOP/s]
    hbm_bandwidth: W, memory bandwidth of the GPU [B/s]
    """
    columns = matmul_n / matmul_gpus
    moved = element_bytes * (matmul_m * matmul_k + matmul_k * columns + matmul_m * columns)
    return max(2 * matmul_m * columns * matmul_k / peak_rate, moved / hbm_bandwidth)


@equation(unit="s", source="narayanan-2021")
def split_matmul_exchange_time(matmul_m, matmul_n, matmul_gpus, element_bytes, scaleup_domain, scaleup_bandwidth, scaleout_bandwidth):
    """Shortest time in which each of several GPUs gathers the columns of a matrix product that the others computed.

    t = b m n (g - 1) / (g u), u that of the scale-up network, or of the network cards of one domain where the GPUs are in several

    matmul_m: m, rows of the product [1]
    matmul_n: n, columns of the product [1]
    matmul_gpus: g, GPUs that share the columns [1]
    element_bytes: b, memory of one number [B]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleup_bandwidth: bandwidth of one GPU into its scale-up domain, one direction [B/s]
    scaleout_bandwidth: bandwidth of one GPU into the network between domains, one direction [B/s]
    """
    rate = scaleup_bandwidth
    if matmul_gpus > scaleup_domain:
        rate = min(rate, scaleup_domain * scaleout_bandwidth)
    return element_bytes * matmul_m * matmul_n * (matmul_gpus - 1) / (matmul_gpus * rate)


@rule(guards=("split_matmul_exchange_time",), source="narayanan-2021")
def split_matmul_without_network(matmul_gpus, scaleup_domain, scaleout_bandwidth):
    """The GPUs of the product are in several scale-up domains, and there is no figure for the network between them (scaleout_bandwidth).

    matmul_gpus: g, GPUs that share the columns [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleout_bandwidth: bandwidth of one GPU into the network between domains, one direction [B/s]
    """
    return matmul_gpus > scaleup_domain and scaleout_bandwidth <= 0


@equation(unit="s", source="narayanan-2021")
def split_matmul_time(split_matmul_compute_time, split_matmul_exchange_time):
    """Shortest time of one matrix product that several GPUs share by columns, until each has the whole result.

    t = t_c + t_x

    split_matmul_compute_time: t_c, computing the columns [s]
    split_matmul_exchange_time: t_x, gathering them [s]
    """
    return split_matmul_compute_time + split_matmul_exchange_time


@equation(unit="1", source="narayanan-2021")
def split_matmul_efficiency(matmul_time, matmul_gpus, split_matmul_time):
    """Time of one matrix product on one GPU over that of all GPUs that share it together.

    t_1 / (g t)

    matmul_time: t_1, shortest time on one GPU [s]
    matmul_gpus: g, GPUs that share the product [1]
    split_matmul_time: t, shortest time on them [s]
    """
    return matmul_time / (matmul_gpus * split_matmul_time)
