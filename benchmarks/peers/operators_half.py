"""Conversions between f32 and 16 bits in PyTorch."""
from operators_peer import Inexpressible, forward


def peers(torch, line, device):
    if line.number("rounding", 0):
        raise Inexpressible("PyTorch does not round stochastically")
    narrow = line.op == "half_narrow"
    given, made = torch.float32, line.stored(torch)
    if not narrow:
        given, made = made, given

    def leaves():
        return {"x": torch.randn(line["N"], device=device).to(given)}
    yield forward(torch, f"Tensor.to {made}".replace("torch.", ""), leaves,
                  lambda x: x.to(made), exact=lambda x: x.clone())
