"""Tensors only: factorisation, propagation, closed-form filters, losses, the one training loop, top-k."""
