"""What people of bad will send to dialerd: no crash, no leak, no stall, and no value that leaves its field."""
