"""Equations of a user, as awkward as they come: rules behind rules, a choice, a loop, a helper, divisions by nothing."""

import math

from sweep.equations.registry import equation, rule

FULL = 2


def remainder(whole, part):
    """What is left of a whole after as many parts as fit."""
    return whole - part * math.floor(whole / part)


@equation(unit="1", source="article")
def own_left_over(gpus, gpus_per_replica):
    """GPUs that no replica uses.

    gpus: N, GPUs of the cluster [1]
    gpus_per_replica: n, GPUs of one copy [1]
    """
    return remainder(gpus, gpus_per_replica)


@equation(unit="1", source="article")
def own_share(own_left_over, gpus):
    """Part of the cluster that no replica uses; means nothing where not one fits.

    own_left_over: l, GPUs that no replica uses [1]
    gpus: N, GPUs of the cluster [1]
    """
    return own_left_over / gpus


@equation(unit="1", source="article")
def own_hops(tp, own_share):
    """Steps of a tree over a tensor-parallel group, with a part of a step for what is left over.

    tp: t, tensor-parallel size [1]
    own_share: s, part of the cluster that no replica uses [1]
    """
    hops = 0.0
    width = 1.0
    for _ in range(8):
        if width < tp:
            width = width * 2.0
            hops = hops + 1.0
    return hops + own_share


@equation(unit="s", source="article")
def own_pause(training_duration, own_hops):
    """A time that has no value where there is not one hop.

    training_duration: T, time given to the training run [s]
    own_hops: h, steps of a tree [1]
    """
    return training_duration / own_hops if own_hops > 0.0 else math.nan


@equation(unit="1", source="article")
def own_root(pue, own_share):
    """A root that is not real for large shares.

    pue: PUE, facility energy over IT energy [1]
    own_share: s, part of the cluster that no replica uses [1]
    """
    below = 1.3 - pue * (1.0 - own_share)
    return math.sqrt(below) if below >= 0.0 else math.nan


@equation(unit="1", source="article")
def own_light(gpus):
    """What is kept where nothing is recomputed.

    gpus: N, GPUs of the cluster [1]
    """
    return math.log(gpus)


@equation(unit="1", source="article")
def own_medium(own_light, tp):
    """What is kept where a part is recomputed.

    own_light: a, what is kept where nothing is recomputed [1]
    tp: t, tensor-parallel size [1]
    """
    return own_light / tp


@equation(unit="1", source="article")
def own_heavy(own_medium, pue):
    """What is kept where all is recomputed.

    own_medium: b, what is kept where a part is recomputed [1]
    pue: PUE, facility energy over IT energy [1]
    """
    return own_medium**pue


@equation(unit="1", source="article", selects="recompute")
def own_kept(recompute, own_light, own_medium, own_heavy):
    """What is kept, by what is recomputed.

    recompute: activations that the backward pass computes again [1]
    own_light: a, what is kept where nothing is recomputed [1]
    own_medium: b, what is kept where a part is recomputed [1]
    own_heavy: c, what is kept where all is recomputed [1]
    """
    if recompute == FULL:
        return own_heavy
    return own_medium if recompute > 0.0 else own_light


@rule(guards=("own_share",), source="article")
def own_nothing_fits(gpus, gpus_per_replica):
    """The cluster is smaller than one replica.

    gpus: N, GPUs of the cluster [1]
    gpus_per_replica: n, GPUs of one copy [1]
    """
    return gpus < gpus_per_replica


@rule(guards=("own_pause", "own_kept"), source="article")
def own_too_much_left(own_share, pue):
    """More is left over than the facility's overhead.

    own_share: s, part of the cluster that no replica uses [1]
    pue: PUE, facility energy over IT energy [1]
    """
    return own_share > 2.0 * (pue - 1.0)


@rule(source="article")
def own_hops_are_many(own_hops):
    """A tree of more than two steps is a guess.

    own_hops: h, steps of a tree [1]
    """
    return own_hops > 2.0
