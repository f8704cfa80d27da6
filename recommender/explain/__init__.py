"""Why an item is recommended: contributions that add up to the score, the paths in the graph behind them, and words."""
