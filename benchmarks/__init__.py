"""Speed beside named peers and quality beside tuned baselines; run them with ``make bench``."""
