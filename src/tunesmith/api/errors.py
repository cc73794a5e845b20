"""What goes wrong, in OpenAI's envelope: ``{"error": {message, type, param, code}}``, all four keys always."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from tunesmith.core.errors import MachineError, Problems, UserError, is_disk_full
from tunesmith.core.log import redacted
from tunesmith.store.db import DatabaseUnavailable
from tunesmith.store.paging import UnknownCursor


class ApiError(Exception):
    """Answered as it stands. ``type`` follows from the status unless given."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None,
        type: str | None = None, headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.type = type or ("server_error" if status >= 500 else "invalid_request_error")
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """A message may repeat what was asked; a key that stood there by mistake is cut out."""
        param = None if self.param is None else redacted(self.param)
        envelope = {"message": redacted(self.message), "type": self.type, "param": param, "code": self.code}
        return JSONResponse({"error": envelope}, self.status, self.headers)


class Refusals(ApiError):
    """Several things are wrong: all of them in one message; ``param`` and ``code`` are the first one's."""

    def __init__(self, each: Sequence[ApiError]) -> None:
        self.each: list[ApiError] = [
            one for error in each for one in (error.each if isinstance(error, Refusals) else [error])
        ]
        first = self.each[0]
        super().__init__(first.status, " ".join(one.message for one in self.each), code=first.code, param=first.param)


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(400, message, param=param, code=code)


def not_found(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(404, message, param=param, code=code)


def as_api_error(error: Exception) -> ApiError | None:
    """What the caller is told; None where that is nobody's business but the log's."""
    match error:
        case ApiError():
            return error
        case RequestValidationError():
            from tunesmith.api.findings import told

            return told(error)
        case HTTPException() if isinstance(error.__cause__, ApiError):
            return error.__cause__  # raised while FastAPI read the body
        case HTTPException():
            return ApiError(error.status_code, str(error.detail), headers=error.headers)
        case MachineError() if is_disk_full(error):
            return ApiError(
                503, "The server's disk is full: nothing was kept. Reading goes on; try again when there is space.",
                headers={"retry-after": "10"},
            )  # fmt: skip
        case DatabaseUnavailable():
            return ApiError(503, "The database does not answer; try again soon.", headers={"retry-after": "1"})
        case UnknownCursor():
            return bad_request(f"No object with the id {error.args[0]!r} to list after.", "after")
        case Problems():
            findings = " ".join(str(problem) for problem in error.problems[:20])
            return bad_request(f"{error.message} {findings}".strip())
        case UserError():
            return bad_request(f"{error.message} ({error.hint})" if error.hint else error.message)
        case MachineError():
            return ApiError(  # its sentence names the server's own paths and hosts: that is for the log
                503, "The server could not read or write what it keeps; its log says why. Try again soon.",
                headers={"retry-after": "10"},
            )  # fmt: skip
        case _:
            return None
