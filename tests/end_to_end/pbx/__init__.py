"""A private, real Asterisk for tests: chroot, configuration and process. Knows nothing of dialerd's code."""
