"""What moves orders forward: intake, planning, running, recovery, delivery."""
