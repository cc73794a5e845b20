"""Settings: variables, options before them, and mistakes named without their values."""

from __future__ import annotations

import pytest

from tunesmith.core.errors import Problems, UserError
from tunesmith.core.settings import read_settings


def test_options_go_before_variables_and_none_is_no_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_PORT", "1111")
    monkeypatch.setenv("TUNESMITH_HOST", "0.0.0.0")
    settings = read_settings(port=2222, host=None)
    assert (settings.port, settings.host) == (2222, "0.0.0.0")


def test_every_bad_variable_is_named_and_no_value_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_PORT", "hunter2")
    monkeypatch.setenv("TUNESMITH_MAX_STREAMS", "0")
    with pytest.raises(Problems) as refused:
        read_settings()
    assert {problem.path for problem in refused.value.problems} == {"TUNESMITH_PORT", "TUNESMITH_MAX_STREAMS"}
    assert "hunter2" not in str(refused.value)


def test_mapping_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_BASE_MODELS", "{broken")
    with pytest.raises(UserError, match="base_models"):
        read_settings()
