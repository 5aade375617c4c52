"""`dure simulate`: plays devices against the running city over its real doors and reads back what it answered."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dure.commands.speech import message, pick, write_error

if TYPE_CHECKING:
    from dure.commands.simulate.telling import Teller
    from dure.engine.servers.place import Place

SCENARIOS = (
    "market-fire",
    "market-night",
    "market-nights",
    "dead-gateway",
    "bells",
    "cameras",
    "recorder",
    "sms-gateway",
    "agency",
    "epidemic",
    "barrier",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure simulate`'s options."""

    def add(name: str, ko: str, en: str, **more: Any) -> None:
        parser.add_argument(name, help=pick(ko, en), **more)

    add("scenario", ", ".join(SCENARIOS), ", ".join(SCENARIOS), choices=SCENARIOS)
    add("--seed", "자리와 우연을 정하는 수", "a number that settles places and chance", type=int)
    add(
        "--cause",
        "시장의 밤에 일어날 일 (market-night): fire, steam, cooking, stuck …",
        "what happens in the market's night (market-night): fire, steam, cooking, stuck …",
        default="steam",
    )
    add("--speed", "불이 자라는 빠르기 (기본 1)", "how fast the fire grows (default 1)", type=_speed, default=1.0)
    add(
        "--count",
        "시장에 가까운 카메라부터 이만큼 (cameras), 이만큼의 밤 (market-nights, 기본 1000)",
        "so many cameras nearest to markets (cameras), so many nights (market-nights, default 1000)",
        type=int,
    )
    add(
        "--port",
        "모의기의 포트 (sms-gateway, agency, barrier)",
        "port of what is simulated (sms-gateway, agency, barrier)",
        type=int,
        default=0,
    )
    add(
        "--faults",
        "모의 고장: slow_s=2,lost=0.1,unread=0.1,undelivered=0.1,doubled=0.1,late_s=30,blind=1 (sms-gateway); "
        "slow_s,answer_s,lost,unread,busy,refused,declined,blind,lies (agency); "
        "travel_s=3,stuck=1,refuses=1,mute=1 (barrier); "
        "C-0001=hang,*=time (cameras: hang, rubbish, codec, time, size, sound, mute, length, endless)",
        "faults to play: slow_s=2,lost=0.1,unread=0.1,undelivered=0.1,doubled=0.1,late_s=30,blind=1 (sms-gateway); "
        "slow_s,answer_s,lost,unread,busy,refused,declined,blind,lies (agency); "
        "travel_s=3,stuck=1,refuses=1,mute=1 (barrier); "
        "C-0001=hang,*=time (cameras: hang, rubbish, codec, time, size, sound, mute, length, endless)",
        default="",
    )
    add("--days", "며칠까지 (epidemic, 기본 모두)", "so many days (epidemic, default all)", type=int)
    add("--agency", "모의할 기관 (agency, 기본 fire)", "the agency to be (agency, default fire)", default="fire")
    add("--data", "도시의 폴더 (기본 .dure/city)", "the city's folder (default .dure/city)", type=Path)
    add("--json", "한 줄에 JSON 하나씩 씁니다", "print one JSON object a line", action="store_true")


def _speed(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 20:
        raise argparse.ArgumentTypeError("0.1..20")
    return value


def run(args: argparse.Namespace) -> int:
    """0 when the city answered as it should, 1 when not, 2 when there is no city to play in."""
    from dure.commands.simulate.stage import NotRunning
    from dure.commands.simulate.telling import Teller
    from dure.engine.servers.place import Place, default_folder

    if args.scenario == "sms-gateway":
        return _gateway(args)
    if args.scenario == "agency":
        return _agency(args)
    if args.scenario == "recorder":
        return _recorder(args)
    if args.scenario == "barrier":
        return _barrier(args)
    if args.scenario == "market-nights":
        from dure.commands.simulate import market_nights

        return market_nights.play(Teller(args.json), args.seed, args.count)
    place = Place(args.data or default_folder())
    try:
        if args.scenario == "epidemic":
            from dure.commands.simulate import epidemic

            return asyncio.run(epidemic.play(place, Teller(args.json), args.seed, args.days))
        return asyncio.run(_play(args, place, Teller(args.json)))
    except NotRunning as error:
        write_error(message(error.key, **error.params))
        return 2


def _gateway(args: argparse.Namespace) -> int:
    """A gateway that cities send to; it needs no city itself."""
    from dure.commands.simulate import answering, sms_gateway
    from dure.commands.simulate.telling import Teller

    try:
        faults = answering.faults_of(sms_gateway.Faults, args.faults)
    except ValueError:
        write_error(message("simulate.sms_faults", told=args.faults))
        return 2
    return asyncio.run(sms_gateway.play(args.port, faults, args.seed, Teller(args.json).say))


def _recorder(args: argparse.Namespace) -> int:
    """A recorder that cities may register; it needs no city itself."""
    from dure.commands.simulate import cameras, recorder
    from dure.commands.simulate.telling import Teller

    try:
        faults = cameras.faults_of(args.faults)
    except ValueError:
        write_error(message("simulate.agency_faults", told=args.faults))
        return 2
    return recorder.run(faults, Teller(args.json).say)


def _agency(args: argparse.Namespace) -> int:
    """An agency's own system; it needs no city itself, only the secret of its door."""
    from dure.commands.simulate import agency, answering
    from dure.commands.simulate.telling import Teller
    from dure.engine.secrets import secret

    shared = secret("DURE_AGENCY_SECRET")
    try:
        faults = answering.faults_of(agency.Faults, args.faults)
    except ValueError:
        write_error(message("simulate.agency_faults", told=args.faults))
        return 2
    teller = Teller(args.json).say
    return asyncio.run(agency.play(args.port, args.agency, shared or "", faults, args.seed, teller))


def _barrier(args: argparse.Namespace) -> int:
    """A barrier behind its controller; it needs no city itself."""
    from dure.commands.simulate import answering, barrier
    from dure.commands.simulate.telling import Teller

    try:
        faults = answering.faults_of(barrier.Faults, args.faults)
    except ValueError:
        write_error(message("simulate.agency_faults", told=args.faults))
        return 2
    return asyncio.run(barrier.play(args.port, faults, Teller(args.json).say))


async def _play(args: argparse.Namespace, place: "Place", teller: "Teller") -> int:
    from dure.commands.simulate import bells, cameras, dead_gateway, market_fire, market_night

    try:
        faults = cameras.faults_of(args.faults if args.scenario == "cameras" else "")
    except ValueError:
        write_error(message("simulate.agency_faults", told=args.faults))
        return 2
    from dure.commands.simulate.stage import stage

    async with stage(place) as ready:
        match args.scenario:
            case "market-fire":
                return await market_fire.play(ready, teller, args.seed, args.speed)
            case "market-night":
                return await market_night.play(ready, teller, args.seed, args.speed, args.cause)
            case "dead-gateway":
                return await dead_gateway.play(ready, teller, args.seed)
            case "cameras":
                return await cameras.play(ready.database, teller, args.count, faults)
            case _:
                return await bells.play(ready, teller, args.seed)
