"""``python -m recommender`` is ``tastegraph``."""

from recommender.cli import main

if __name__ == "__main__":
    main()
