"""Matrix multiplication on one GPU. What belongs here: the work, bytes, time and energy of one product."""

from sweep.registry import equation


@equation(unit="FLOP", source="article")
def matmul_flops(matmul_m, matmul_n, matmul_k):
    """Operations of one matrix product: a multiplication and an addition for each of m n k pairs.

    F = 2 m n k

    matmul_m: m, rows of the product [1]
    matmul_n: n, columns of the product [1]
    matmul_k: k, length of the sums [1]
    """
    return 2 * matmul_m * matmul_n * matmul_k
