"""Owns the one table from hang-up causes to statuses. Knows nothing of AMI headers."""

from __future__ import annotations

from dialerd.core.call import Status

# Q.850 cause values as Asterisk reports them in Hangup (include/asterisk/causes.h, ITU-T Q.850 table 1).
Q850_STATUS: dict[int, Status] = {
    1: Status.INVALID_NUMBER,  # unallocated number
    2: Status.FAILED,  # no route to transit network
    3: Status.FAILED,  # no route to destination
    6: Status.FAILED,  # channel unacceptable
    16: Status.NO_ANSWER,  # normal clearing before an answer: the far end gave up ringing
    17: Status.BUSY,
    18: Status.NO_ANSWER,  # no user responding
    19: Status.NO_ANSWER,  # user alerted, no answer
    20: Status.NO_ANSWER,  # subscriber absent
    21: Status.REJECTED,
    22: Status.INVALID_NUMBER,  # number changed
    25: Status.FAILED,  # exchange routing error
    26: Status.NO_ANSWER,  # answered elsewhere
    27: Status.FAILED,  # destination out of order
    28: Status.INVALID_NUMBER,  # incomplete or malformed number
    29: Status.FAILED,  # facility rejected
    31: Status.FAILED,
    34: Status.CONGESTION,  # no circuit available
    38: Status.FAILED,  # network out of order
    41: Status.CONGESTION,  # temporary failure
    42: Status.CONGESTION,  # switching equipment congestion
    44: Status.CONGESTION,  # requested circuit not available
    47: Status.CONGESTION,  # resource unavailable
    50: Status.FAILED,
    55: Status.REJECTED,  # incoming calls barred
    57: Status.REJECTED,  # bearer capability not authorised
    58: Status.CONGESTION,  # bearer capability not available
    63: Status.FAILED,
    65: Status.FAILED,  # bearer capability not implemented
    79: Status.FAILED,
    88: Status.FAILED,  # incompatible destination
    102: Status.NO_ANSWER,  # recovery on timer expiry
    127: Status.FAILED,  # interworking, unspecified
}

# SIP final responses say more than the cause Asterisk folds them into (RFC 3261 21; RFC 8606/8197 for 607/608).
SIP_STATUS: dict[int, Status] = {
    401: Status.FAILED,
    402: Status.FAILED,
    403: Status.REJECTED,
    404: Status.INVALID_NUMBER,
    407: Status.FAILED,
    408: Status.NO_ANSWER,
    410: Status.INVALID_NUMBER,
    480: Status.NO_ANSWER,
    484: Status.INVALID_NUMBER,
    485: Status.INVALID_NUMBER,
    486: Status.BUSY,
    487: Status.NO_ANSWER,  # our own CANCEL after the ring time-out
    488: Status.FAILED,
    500: Status.CONGESTION,
    502: Status.CONGESTION,
    503: Status.CONGESTION,
    504: Status.CONGESTION,
    600: Status.BUSY,
    603: Status.REJECTED,
    604: Status.INVALID_NUMBER,
    606: Status.FAILED,
    607: Status.REJECTED,
    608: Status.REJECTED,
}


def unanswered_status(hangup_cause: int | None, sip_cause: int | None) -> Status:
    """Given the causes of a call that nobody answered, return its status. The SIP code wins where it is known."""
    if sip_cause is not None and sip_cause in SIP_STATUS:
        return SIP_STATUS[sip_cause]
    if hangup_cause is None:
        return Status.FAILED
    return Q850_STATUS.get(hangup_cause, Status.FAILED)
