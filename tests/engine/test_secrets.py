"""Where a city's secrets come from."""

from pathlib import Path

import pytest

from dure.engine.secrets import LONGEST, SecretUnreadable, secret

NAME = "DURE_DATABASE_URL"


def test_a_file_is_believed_before_a_credential_and_that_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://file\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / NAME).write_text("postgresql://credential\n")
    given = {NAME: "postgresql://environment"}
    assert secret(NAME, {}) is None
    assert secret(NAME, {NAME: ""}) is None
    assert secret(NAME, given) == "postgresql://environment"
    assert secret(NAME, given | {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "postgresql://environment"
    given["CREDENTIALS_DIRECTORY"] = str(credentials)
    assert secret(NAME, given) == "postgresql://credential"
    assert secret(NAME, given | {f"{NAME}_FILE": str(file)}) == "postgresql://file"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe", b"x" * (LONGEST + 1)])
def test_a_file_that_gives_no_secret_is_an_error_and_not_another_source(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "url"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SecretUnreadable) as refused:
        secret(NAME, {NAME: "postgresql://environment", f"{NAME}_FILE": str(file)})
    assert refused.value.params == {"name": NAME, "path": str(file)}
