"""The models that come with the program, as `train.py` made them; REPORT.md says how good they are."""
