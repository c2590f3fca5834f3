"""See `zato.common.exception` and `zato.common.api`."""
