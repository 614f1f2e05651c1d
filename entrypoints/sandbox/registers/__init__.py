"""Stand-ins for the registers that tell where people and organisations are reached.

One server has them all, at their own paths and in their own forms, so that the service speaks to them
as to the real ones: Maskinporten's tokens, the contact and reservation register (KRR), the register of
organisations' notification addresses with its write-back, the decision point, the party register, and
the open register of organisations. They know the people and firms of the samples, and others by the
million that are computed from their place in a row. Somebody at the console changes what they hold,
and brings trouble to them. They know nothing of orders, and nothing of real people.
"""

from entrypoints.sandbox.registers.console import CONTROL
from entrypoints.sandbox.registers.decisions import Grant
from entrypoints.sandbox.registers.errors import RegistersInUseError, UnknownError
from entrypoints.sandbox.registers.holdings import Holdings, Samples
from entrypoints.sandbox.registers.persons import PersonChange
from entrypoints.sandbox.registers.server import (
    ADDRESSES,
    AUTHORIZE,
    DECISION,
    KRR,
    PARTY_REGISTER,
    Registers,
)
from entrypoints.sandbox.registers.trouble import Trouble
from entrypoints.sandbox.registers.whereabouts import announced, find

__all__ = [
    "ADDRESSES",
    "AUTHORIZE",
    "CONTROL",
    "DECISION",
    "KRR",
    "PARTY_REGISTER",
    "Grant",
    "Holdings",
    "PersonChange",
    "Registers",
    "RegistersInUseError",
    "Samples",
    "Trouble",
    "UnknownError",
    "announced",
    "find",
]
