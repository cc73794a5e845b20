import io
import math

from rich.console import Console

from tunesmith.cli.progress import TrainingProgress, sparkline


def plain() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=False, width=80), out


def metrics(step: int, **more: float | None) -> dict[str, float | int | None]:
    return {"step": step, "total_steps": 100, "train_loss": 1.5, "valid_loss": None, "learning_rate": 2e-4, **more}


def test_plain_output_has_a_line_for_each_tenth() -> None:
    console, out = plain()
    with TrainingProgress(100, console=console) as progress:
        for step in range(1, 101):
            progress.step(metrics(step, tokens_per_second=3210.4, train_mean_token_accuracy=0.625))
    lines = out.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "step 1/100 (1 %): loss 1.500, accuracy 62.5 %, 3,210 tokens/s, lr 2.0e-04"
    assert lines[-1].startswith("step 100/100 (100 %): ")


def test_plain_output_tells_each_validation() -> None:
    console, out = plain()
    with TrainingProgress(100, console=console) as progress:
        progress.step(metrics(1))
        progress.step(metrics(2))
        progress.step(metrics(3, valid_loss=0.75, valid_mean_token_accuracy=0.5))
    assert out.getvalue().splitlines()[1:] == [
        "step 3/100 (3 %): loss 1.500, lr 2.0e-04, valid_loss 0.750, valid accuracy 50.0 %"
    ]


def test_resumed_run_starts_where_it_stopped() -> None:
    console, out = plain()
    with TrainingProgress(100, first_step=55, console=console) as progress:
        for step in range(56, 71):
            progress.step(metrics(step))
    assert [line.split("/")[0] for line in out.getvalue().splitlines()] == ["step 56", "step 60", "step 70"]


def test_terminal_shows_figures_and_what_is_said() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, _environ={"TERM": "xterm"})
    with TrainingProgress(100, console=console) as progress:
        progress.say("loading [bold]weights[/bold]")
        progress.step(metrics(1, tokens_per_second=3210.0))
        progress.step(metrics(2, train_loss=math.nan, valid_loss=0.75))
        progress.step(metrics(100, train_loss=0.5))
    shown = out.getvalue()
    for text in ("loading [bold]weights[/bold]", "step 2: valid_loss 0.750", "100/100", "█▁", "loss 0.500", "3,210"):
        assert text in shown


def test_empty_run_is_shown_without_a_fuss() -> None:
    out = io.StringIO()
    with TrainingProgress(0, console=Console(file=out, force_terminal=True, _environ={"TERM": "xterm"})):
        pass
    assert "waiting for the first step" in out.getvalue()


def test_sparkline_falls_with_the_loss() -> None:
    assert sparkline([4.0, 3.0, 2.0, 1.0]) == "█▆▃▁"
    assert sparkline([1.0, 1.0]) == "▁▁"
    assert sparkline([]) == ""
    assert len(sparkline(list(range(1000)), cells=16)) == 16
