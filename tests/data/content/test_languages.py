"""A sentence's language is told by its script and its small words; what is short or no sentence has none."""

from __future__ import annotations

import pytest

from tunesmith.data.content.languages import language_of

SENTENCES = {
    "en": "The weather is nice today and we are going to the park.",
    "de": "Das Wetter ist heute schön und wir gehen in den Park.",
    "fr": "Le temps est agréable aujourd'hui et nous allons dans le parc avec les enfants.",
    "es": "El tiempo es bueno hoy y los niños van al parque con la abuela por la tarde.",
    "it": "Il tempo è bello oggi e i bambini sono nel parco con la nonna per giocare.",
    "pt": "O tempo está bom hoje e as crianças não vão ao parque com uma amiga.",
    "nl": "Het weer is vandaag mooi en de kinderen zijn in het park met een bal.",
    "pl": "Dzisiaj jest ładna pogoda i dzieci nie są w domu, ale na placu.",
    "zh": "今天天气很好，我们去公园玩。",
    "ja": "今日は天気がいいので、公園に行きます。",
    "ko": "오늘 날씨가 좋아서 공원에 갑니다.",
    "ru": "Сегодня хорошая погода, и мы идём в парк.",
    "uk": "Сьогодні гарна погода, і ми йдемо до парку з її дітьми.",
    "ar": "الطقس جميل اليوم ونحن ذاهبون إلى الحديقة.",
    "th": "วันนี้อากาศดีมาก",
    "vi": "Hôm nay trời đẹp và chúng tôi đã đi với các bạn trong công viên.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_sentence_is_known_by_its_language(language: str) -> None:
    assert language_of(SENTENCES[language]) == language


@pytest.mark.parametrize("text", ["", "42", "card_arrival", '{"a": 1}', "OK", "x = a + b", "Paris"])
def test_what_is_no_sentence_has_no_language(text: str) -> None:
    assert language_of(text) is None


def test_chinese_with_names_in_latin_letters_is_chinese() -> None:
    assert language_of("请使用 PyTorch 和 Transformers 训练模型，然后保存。") == "zh"
