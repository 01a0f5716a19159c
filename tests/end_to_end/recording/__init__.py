"""Records the AMI and AGI transcripts of tests/fixtures from a real Asterisk; see __main__.py."""
