"""The `dure` command: one module of dure.commands for each. Help needs the standard library only."""

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

from dure import __version__
from dure.commands.speech import korean, pick, write_error

EX_NOT_BUILT = 64
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("도시를 시작합니다", "start the city"),
    "test": ("모든 검사와 시험을 돌립니다", "run all checks and tests"),
    "token": ("API 토큰을 발급, 조회, 폐기합니다", "issue, list and revoke API tokens"),
    "import": ("자료 파일을 가져옵니다", "import a data file"),
    "simulate": ("장치와 사건을 흉내 냅니다", "simulate devices and events"),
    "bench": ("성능을 이 기계에서 지금 잽니다", "measure performance, here and now"),
    "doctor": ("이 기계의 문제와 고칠 방법을 알려 줍니다", "name what is wrong with this machine and how to mend it"),
    "audit": ("감사 기록을 검증합니다", "verify the audit log"),
    "video": ("내보낸 영상이 그대로인지 확인합니다", "check exported pictures"),
    "vault": ("개인정보 금고의 열쇠를 살피고 바꾸고 내보냅니다", "look at, rotate and export the person vault's keys"),
    "backup": ("도시 전체를 백업합니다", "back up the whole city"),
    "restore": ("백업에서 되살립니다", "restore from a backup"),
    "new": ("새 서비스의 폴더를 만듭니다", "make the folder of a new service"),
    "lock": ("의존성 잠금 파일을 다시 씁니다", "write the lock files anew"),
}
"""Every command, with what it does in Korean and English. The order is that of the help."""
_BY_BOOTSTRAP = frozenset({"lock"})


def built(name: str) -> bool:
    """Whether this command exists yet."""
    return name in _BY_BOOTSTRAP or importlib.util.find_spec(f"dure.commands.{_module(name)}") is not None


def _module(name: str) -> str:
    return {"import": "importing", "test": "testing"}.get(name, name)


def _overview() -> str:
    lines = [pick("사용법: ./dure 명령 [선택]", "Usage: ./dure COMMAND [options]"), "", pick("명령:", "Commands:")]
    for name, (ko, en) in COMMANDS.items():
        missing = "" if built(name) else pick(" (아직 없음)", " (not built yet)")
        lines.append(f"  {name:<10}{pick(ko, en)}{missing}")
    lines += ["", pick("명령마다: ./dure 명령 --help", "For each: ./dure COMMAND --help")]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0 done, 64 unknown or not built, 69 something is missing, 1 or 2
    failed."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in {"-h", "--help", "help"}:
        sys.stdout.write(_overview())
        return 0 if words else EX_NOT_BUILT
    if words[0] == "--version":
        sys.stdout.write(f"dure {__version__}\n")
        return 0
    name = words[0]
    if name not in COMMANDS:
        write_error(
            pick(f"'{name}' 명령은 없습니다. ./dure --help", f"There is no command '{name}'. See ./dure --help")
        )
        return EX_NOT_BUILT
    if name in _BY_BOOTSTRAP or not built(name):
        write_error(pick(f"'{name}' 명령은 아직 없습니다.", f"The command '{name}' is not built yet."))
        return EX_NOT_BUILT
    module = importlib.import_module(f"dure.commands.{_module(name)}")
    if hasattr(module, "main"):  # takes its words as they are
        return _exit_code(module, module.main, words[1:])
    parser = argparse.ArgumentParser(prog=f"./dure {name}", description=pick(*COMMANDS[name]))
    module.arguments(parser)
    return _exit_code(module, module.run, parser.parse_args(words[1:]))


def _exit_code(module: ModuleType, act: object, given: object) -> int:
    from dure.commands.speech import explained

    assert callable(act), module.__name__
    try:
        return int(act(given))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has seen enough
        sys.stderr.close()
        return 0
    except Exception as error:
        said = explained(error)
        if said is None:
            raise
        write_error(said)
        return 69


__all__ = ["COMMANDS", "built", "korean", "main"]

if __name__ == "__main__":
    sys.exit(main())
