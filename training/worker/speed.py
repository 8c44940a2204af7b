"""How fast a run is, against what its cards can do."""

from typing import Any

#: Peak of dense bf16 matrix products in FLOP/s, by a part of the card's name; from NVIDIA's data sheets. The first that
#: matches counts.
PEAKS = (
    ("B200", 2250e12),
    ("GH200", 989.4e12),
    ("H200", 989.4e12),
    ("H100 PCIe", 756e12),
    ("H100 NVL", 835e12),
    ("H100", 989.4e12),
    ("A100", 312e12),
    ("L40S", 362e12),
    ("RTX 4090", 165.2e12),
    ("A40", 149.7e12),
    ("A10", 125e12),
    ("L4", 121e12),
)


def flops_per_token(total: int, trained: int) -> int:
    """FLOPs of a forward and a backward pass per token, for a model of `total` parameters of which some are trained.

    2 a parameter forward, 2 for the gradient of activations, 2 for that of the weights, which only trained ones need:
    6N where all are (Kaplan et al. 2020, arXiv 2001.08361, section 2.1). Attention is left out, and so is recomputing.
    """
    return 4 * total + 2 * trained


def peak_of(card: str) -> float | None:
    """FLOP/s of a card by its name, None for one that is not in the table."""
    return next((peak for part, peak in PEAKS if part in card), None)


def share_of_peak(tokens_per_second: float, per_token: int, card: str, cards: int) -> float | None:
    """Which share of its cards' peak a run reaches, from 0 to 1; None for unknown cards."""
    peak = peak_of(card)
    return tokens_per_second * per_token / (peak * cards) if peak and cards else None


def parameters(model: Any) -> tuple[int, int]:
    """All parameters of a model, and the trained ones. Of a sharded model, those of the whole."""
    counts = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return sum(count for count, _ in counts), sum(count for count, is_trained in counts if is_trained)
