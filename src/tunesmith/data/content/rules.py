"""Every rule about what is said in a file, and what to do where it applies. docs/data_checks.md says what each means."""

from __future__ import annotations

from typing import Final

ADVICE: Final = {
    "invisible_character": "remove it: tunesmith data fix does that",
    "replacement_character": "go back to the original and read it with its own encoding: what stood there is lost",
    "mojibake": "read the original again as UTF-8: it was once read as Windows-1252 or Latin-1",
    "typographic_quotes": "write straight quotes where a program reads them",
    "role_marker": "split the text into messages, one a turn, and leave the roles to the chat template",
    "left_over_markup": "turn entities into characters and drop the tags, unless the model shall write HTML",
    "blank_answer": "write the answer, or remove the row: it teaches the model to say nothing",
    "placeholder_answer": "write the answer, or remove the row",
    "answer_repeats_question": "remove what repeats the question, unless the model shall repeat it",
    "assistant_boilerplate": "rewrite or remove these answers, unless the model shall speak like that",
    "frequent_phrase": "fine where it is wanted; otherwise vary these answers, or remove some",
    "mostly_synthetic": "add answers by people, above all of the kinds that matter, and judge the result on real questions",
    "mixed_languages": "fine where it is wanted; otherwise keep one language, or name the wanted one in the system message",
    "answer_in_another_language": "fine for translations; otherwise answer in the language of the question",
    "very_short_answers": "see whether they were cut or left empty by mistake",
    "very_long_answer": "see whether two rows ran into each other there",
    "conflicting_answers": "keep one answer for a question, unless it has several good ones",
    "unbalanced_labels": "add examples of the rare answers, or remove some of the frequent one",
    "harmful_content": "read it in its context: a list of words cannot; remove the row unless it belongs there",
}
MORE_ADVICE: Final = "mend those listed, then check the file again"
