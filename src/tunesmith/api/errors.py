"""What goes wrong, in OpenAI's envelope: ``{"error": {message, type, param, code}}``, all four keys always."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse


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
        envelope = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return JSONResponse({"error": envelope}, self.status, self.headers)


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(400, message, param=param, code=code)


def not_found(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(404, message, param=param, code=code)
