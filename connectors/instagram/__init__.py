"""Instagram professional accounts, through Graph as Facebook Login lets a program use it."""
