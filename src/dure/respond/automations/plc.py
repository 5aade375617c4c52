"""A controller by Modbus TCP: its coil is written, and its input is read until it tells that the machine has moved."""

import asyncio
import logging

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from dure.respond.automations.model import Outcome, Plc, Unit

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what goes wrong is told by the outcome
_CONNECT_S = 3.0
_LOOK_S = 0.25


async def move(at: Unit, plc: Plc) -> Outcome:
    """Set it going, and wait until it is there. What is there already is left alone: asked twice it moves once."""
    client = AsyncModbusTcpClient(at.host, port=at.port, timeout=_CONNECT_S, retries=0, reconnect_delay=0)
    try:
        if not await client.connect():
            return Outcome(ok=False, reason="away", again=True)
        if await _there(client, at, plc):
            return Outcome(ok=True)
        answer = await client.write_coil(plc.coil, plc.put, device_id=at.unit)
        if answer.isError():
            return Outcome(ok=False, reason="refused")
        return await _arrived(client, at, plc)
    except _Refused:
        return Outcome(ok=False, reason="refused")
    except (ModbusException, OSError, TimeoutError):
        return Outcome(ok=False, reason="unheard", again=True)
    finally:
        client.close()


class _Refused(Exception):
    """The controller knows no such input."""


async def _arrived(client: AsyncModbusTcpClient, at: Unit, plc: Plc) -> Outcome:
    if plc.input is None:
        return Outcome(ok=True)
    try:
        async with asyncio.timeout(plc.within_s):
            while True:
                if await _there(client, at, plc):
                    return Outcome(ok=True)
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        return Outcome(ok=False, reason="not_there")


async def _there(client: AsyncModbusTcpClient, at: Unit, plc: Plc) -> bool:
    if plc.input is None:
        return False
    answer = await client.read_discrete_inputs(plc.input, count=1, device_id=at.unit)
    if answer.isError():
        raise _Refused
    return bool(answer.bits[0]) is plc.expected
