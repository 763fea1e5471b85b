"""The models that come with the program, as `train.py` made them from labelled comments; REPORT.md says how good they are."""
