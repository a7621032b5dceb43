"""Speed, measured as ratios within one run; see run.py and results.md."""
