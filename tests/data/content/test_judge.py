"""What the judge tells of a file: rows that are odd, and what its answers have in common."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tunesmith.data.content.judge import ContentFigures, ContentJudge
from tunesmith.data.content.provenance import provenance_of
from tunesmith.data.content.rules import ADVICE
from tunesmith.data.content.texts import MOST_OF_A_RULE, TextJudge
from tunesmith.data.examples import ChatExample, CompletionExample, Example, Message
from tunesmith.data.findings import Finding, path_text
from tunesmith.data.harm.find import default_filter

DOCS = Path(__file__).parents[3] / "docs" / "data_checks.md"


class Heard:
    def __init__(self) -> None:
        self.found: list[tuple[Finding, int | None]] = []

    def add(self, finding: Finding, line: int | None = None, column: int | None = None) -> None:
        self.found.append((finding, line))

    def of(self, rule: str) -> list[tuple[Finding, int | None]]:
        return [one for one in self.found if one[0].rule == rule]

    @property
    def rules(self) -> set[str]:
        return {finding.rule for finding, _ in self.found}


def judged(examples: list[Example], **provenance: int) -> tuple[Heard, ContentFigures]:
    judge, heard = ContentJudge(TextJudge(default_filter())), Heard()
    for example in examples:
        judge.add(example)
    return heard, judge.finish(heard, "chat", provenance)


def chat(line: int, question: str, answer: str, system: str | None = None) -> ChatExample:
    said = [Message("system", system)] if system else []
    return ChatExample(line, (*said, Message("user", question), Message("assistant", answer)))


def several(count: int, answer: str = "Number {} is a figure that people like to think of.") -> list[Example]:
    words = "red green blue white black brown grey pink".split()
    answers = (f"{words[n % 8].title()} {words[n // 8 % 8]} {n} {answer.format(n)}" for n in range(count))
    return [chat(line, f"What about number {line}, please?", text) for line, text in enumerate(answers, start=1)]


def test_finding_names_line_path_and_what_to_do() -> None:
    heard, _ = judged([chat(7, "hi", "hel\u200blo")])
    ((finding, line),) = heard.of("invisible_character")
    assert (line, path_text(finding.path), finding.severity) == (7, "messages[1].content", "warning")
    assert finding.hint == ADVICE["invisible_character"]
    assert "U+200B" in finding.message


def test_alpaca_rows_have_no_path_of_messages() -> None:
    judge, heard = ContentJudge(TextJudge()), Heard()
    judge.add(chat(7, "hi", "hel\u200blo"))
    judge.finish(heard, "alpaca", {})
    assert [finding.path for finding, _ in heard.found] == [()]


def test_transcript_in_a_raw_prompt_is_no_finding_but_in_a_completion_it_is() -> None:
    heard, _ = judged(
        [CompletionExample(1, "User: hi\nAssistant:", " hello"), CompletionExample(2, "Go", " User: a\nAssistant: b")]
    )
    assert [line for _, line in heard.of("role_marker")] == [2]


def test_what_a_system_message_shows_is_no_role_marker() -> None:
    heard, _ = judged([chat(1, "hi", "hello", system="Answer so:\nUser: a\nAssistant: b")])
    assert heard.rules == set()


def test_findings_of_a_rule_are_bounded_and_the_others_counted() -> None:
    heard, _ = judged([chat(line, "hi", f"a\u200b{line}") for line in range(1, MOST_OF_A_RULE + 51)])
    found = heard.of("invisible_character")
    assert len(found) == MOST_OF_A_RULE + 1
    assert found[-1][0].message.startswith("50 more")
    assert found[-1][1] is None


def test_blank_and_placeholder_answers_are_found() -> None:
    heard, _ = judged(
        [*several(20), chat(30, "q", " \n"), chat(31, "q2", "N/A"), chat(32, "q3", "[deleted]"), chat(33, "q4", "无")]
    )
    assert [line for _, line in heard.of("blank_answer")] == [30]
    assert [line for _, line in heard.of("placeholder_answer")] == [31, 32, 33]


def test_none_is_a_label_where_all_answers_are_labels() -> None:
    labels = ["none", "spam", "ham"]
    heard, _ = judged([chat(line, f"mail {line}", labels[line % 3]) for line in range(60)])
    assert heard.rules == set()


def test_unbalanced_labels_are_told_with_both_ends() -> None:
    heard, _ = judged([chat(line, f"mail {line}", "spam" if line % 30 else "ham") for line in range(90)])
    ((finding, _),) = heard.of("unbalanced_labels")
    assert '97 % of the answers are "spam", and 3 of 90 are "ham"' in finding.message


def test_name_that_stands_in_many_answers_is_told_with_its_share() -> None:
    examples = several(40)
    told = [
        chat(100 + n, f"Who are you, number {n}?", f"That is {n}: you can call me Zorblax of course, dear {n}.")
        for n in range(10)
    ]
    heard, _ = judged([*examples, *told])
    messages = [finding.message for finding, _ in heard.of("frequent_phrase")]
    assert any('the name "Zorblax" stands in 20 % of the answers, such as line 100' in message for message in messages)


def test_sentence_that_ends_many_answers_is_told() -> None:
    examples = several(30)
    told = [chat(100 + n, f"And {n}?", f"It is {n} of those. Is there anything else today?") for n in range(30)]
    heard, _ = judged([*examples, *told])
    messages = [finding.message for finding, _ in heard.of("frequent_phrase")]
    assert any('"Is there anything else today?"' in message and "50 %" in message for message in messages)


def test_chinese_name_that_stands_in_many_answers_is_told() -> None:
    examples = [chat(n, f"第{n}个问题", f"这是第{n}个答案，内容各不相同{n}。") for n in range(30)]
    told = [chat(100 + n, f"你是谁{n}", f"我是小明同学，很高兴为您解答{n}。") for n in range(15)]
    heard, _ = judged([*examples, *told])
    assert any("我是小明同学" in finding.message for finding, _ in heard.of("frequent_phrase"))


def test_varied_answers_have_no_frequent_phrase() -> None:
    heard, _ = judged([chat(n, f"q {n}", f"Item {n} costs {n * 7 % 31} and weighs {n * 3 % 17}.") for n in range(60)])
    assert heard.of("frequent_phrase") == []


def test_assistant_boilerplate_is_counted_with_its_first_line() -> None:
    heard, _ = judged(
        [
            *several(30),
            chat(50, "who", "As an AI language model, I cannot."),
            chat(51, "谁", "作为一个人工智能，我不能。"),
        ]
    )
    ((finding, _),) = heard.of("assistant_boilerplate")
    assert finding.message.startswith("2 answers say")
    assert "line 50" in finding.message


def test_answers_in_several_languages_are_told_with_their_shares() -> None:
    german = [
        chat(100 + n, f"Und was ist mit der Nummer {n}?", f"Das ist die Nummer {n} und nicht eine andere.")
        for n in range(30)
    ]
    heard, figures = judged([*several(30, "is the number that we have and that you like."), *german])
    assert figures.languages == {"en": 0.5, "de": 0.5}
    assert len(heard.of("mixed_languages")) == 1
    assert not heard.of("answer_in_another_language")


def test_answer_in_another_language_than_its_question_is_told() -> None:
    examples = [
        chat(n, "What is the capital of this country, and how big is it?", f"这个国家的首都是第{n}个城市。")
        for n in range(30)
    ]
    heard, _ = judged([*examples])
    ((finding, _),) = heard.of("answer_in_another_language")
    assert finding.message.startswith("100 % of the answers")
    assert "en, answered in zh" in finding.message


def test_same_question_with_different_answers_is_counted() -> None:
    heard, _ = judged(
        [chat(1, "What is it?", "a"), chat(2, "What is it?", "b"), chat(3, "What is it?", "a"), chat(4, "And?", "a")]
    )
    ((finding, _),) = heard.of("conflicting_answers")
    assert finding.message == "1 question has different answers, such as lines 1 and 2"


def test_same_question_under_another_system_message_is_another_question() -> None:
    heard, _ = judged([chat(1, "Hi?", "a", system="Be brief."), chat(2, "Hi?", "b", system="Be rude.")])
    assert not heard.of("conflicting_answers")


def test_answer_that_repeats_its_question_is_found() -> None:
    question = "What is the capital of France, if I may ask?"
    heard, _ = judged([chat(1, question, question + " It is Paris."), chat(2, "Paris?", "Paris? Yes.")])
    assert [line for _, line in heard.of("answer_repeats_question")] == [1]


def test_answer_far_longer_than_the_others_is_told() -> None:
    heard, _ = judged([*several(30), chat(99, "all of it?", "word and more " * 2000)])
    ((finding, _),) = heard.of("very_long_answer")
    assert "on line 99" in finding.message


def test_very_short_answers_among_long_ones_are_told() -> None:
    heard, _ = judged([*several(30), chat(99, "all of it?", "k")])
    assert [finding.message[:40] for finding, _ in heard.of("very_short_answers")] == [
        "1 answer has 2 characters or fewer, such"
    ]


def test_harmful_words_are_told_once_a_text_and_category() -> None:
    heard, _ = judged([chat(5, "kill yourself, just kill yourself", "no")])
    ((finding, line),) = heard.of("harmful_content")
    assert line == 5
    assert "self-harm, severity high" in finding.message


def test_mostly_synthetic_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"metadata": {"provenance": "synthetic"}}\n' * 3
        + '{"metadata":{"provenance":"organic"},"a":"\\"provenance\\": \\"synthetic\\""}\n'
    )
    counts = provenance_of(path)
    assert counts == Counter(synthetic=3, organic=1)
    heard, figures = judged([chat(n, f"q{n}", "a") for n in range(4)], **counts)
    assert [finding.message[:13] for finding, _ in heard.of("mostly_synthetic")] == ["3 rows (75 %)"]
    assert figures.provenance == {"synthetic": 3, "organic": 1}


def test_provenance_is_found_across_the_blocks_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    key = b'"provenance": "semi-synthetic"'
    path.write_bytes(b"".join(b" " * (((1 << 20) - at) % (1 << 20)) + key for at in range(1, 40, 7)))
    assert provenance_of(path) == Counter({"semi-synthetic": 6})


def test_clean_examples_have_no_findings() -> None:
    heard, _ = judged([chat(n, f"How much is {n} and {n + 1}?", f"{n} + {n + 1} = {2 * n + 1}") for n in range(12)])
    assert heard.found == []


def test_every_rule_is_explained_in_the_docs() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert [rule for rule in ADVICE if f"`{rule}`" not in text] == []
