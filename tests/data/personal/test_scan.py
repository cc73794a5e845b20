"""What the detectors find, and what they leave alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tunesmith.data.personal.kinds import KINDS
from tunesmith.data.personal.name_lists import FAMILY, GIVEN
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.spans import Places, Span, without_overlaps
from tunesmith.data.personal.surrogate_names import LATIN_WORD


def found(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in Scanner().find(text)]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("email", "ann.lee@corp.org", "Write to ann.lee@corp.org."),
        ("email", "li_9@qq.com", "发到邮箱li_9@qq.com就行"),
        ("email", "ann (at) corp (dot) org", "so: ann (at) corp (dot) org"),
        ("card", "4929 1234 5678 9015", "it is 4929 1234 5678 9015 I think"),
        ("card", "6222025844444444448", "打到6222025844444444448"),
        ("iban", "DE89 3704 0044 0532 0130 00", "IBAN DE89 3704 0044 0532 0130 00 PLEASE"),
        ("us_ssn", "219-09-9998", "SSN: 219-09-9998"),
        ("us_ssn", "219099998", "my ssn is 219099998"),
        ("cn_id", "11010519491231002X", "身份证11010519491231002X，"),
        ("cn_id", "110105491231002", "身份证号110105491231002"),
        ("company_id", "91350100M000100Y43", "代码91350100M000100Y43"),
        ("national_id", "12345678Z", "DNI 12345678Z"),
        ("national_id", "529.982.247-25", "CPF 529.982.247-25"),
        ("national_id", "AB 12 34 56 C", "NI AB 12 34 56 C"),
        ("national_id", "RSSMRA85T10A562S", "CF RSSMRA85T10A562S"),
        ("national_id", "S1234567D", "NRIC S1234567D"),
        ("phone", "+49 30 901820", "ring +49 30 901820"),
        ("phone", "(212) 736-5000", "at (212) 736-5000 now"),
        ("phone", "13912345678", "手机13912345678，"),
        ("phone", "010-62751234", "座机010-62751234"),
        ("phone", "780 6326", "Phone: 780 6326"),
        ("ip", "81.2.69.160", "from 81.2.69.160."),
        ("ip", "2a02:26f0::5c12", "at 2a02:26f0::5c12 then"),
        ("mac", "3c:22:fb:10:ab:9d", "the card 3c:22:fb:10:ab:9d"),
        ("secret", "AKIAIOSFODNN7EXAMPLF", "key AKIAIOSFODNN7EXAMPLF"),
        ("secret", "hunter2!x", "my password is hunter2!x"),
        ("secret", "s3cret99", "密码：s3cret99"),
        ("secret", "postgres_admin:pw123", "postgres://postgres_admin:pw123@db"),
        ("birth_date", "4/12/1980", "I was born on 4/12/1980."),
        ("birth_date", "1980年4月12日", "出生日期：1980年4月12日"),
        ("passport", "E12345678", "护照号E12345678"),
        ("driver_licence", "F162823540116", "driver's license number is F162823540116"),
        ("plate", "京A7B2C9", "车牌京A7B2C9停着"),
        ("account", "wang_2020", "我的微信是wang_2020，"),
        ("account", "ann-lee", "https://corp.org/users/ann-lee/posts"),
        ("user_folder", "annlee", "/home/annlee/x.py"),
        ("user_folder", "annlee", "C:\\Users\\annlee\\x"),
        ("crypto", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "to 1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
        ("coordinates", "52.520008, 13.404954", "at 52.520008, 13.404954"),
        ("address", "12 Maple Street", "I live at 12 Maple Street."),
        ("address", "12 Baker Street, London", "at 12 Baker Street, London. Margaret Whitfield is a nurse."),
        ("address", "5 Elm Road, Leeds", "5 Elm Road, Leeds. Please bring Ms. Carter"),
        ("address", "12 Baker Street, Bath", "12 Baker Street, Bath. Margaret called"),
        ("address", "12 St. James Street, St. Louis, MO 63101", "12 St. James Street, St. Louis, MO 63101. Bye"),
        ("address", "1234 Paseo del Norte", "my address is 1234 Paseo del Norte. Thomas knows"),
        ("address", "Hauptstraße 5", "wohnt in der Hauptstraße 5, glaube ich"),
        ("address", "杭州市西湖区文三路8号20栋1667室", "地址：杭州市西湖区文三路8号20栋1667室，"),
        ("name", "Xandra Quib", "Dear Xandra Quib,"),
        ("name", "Xandra Quib", "Kind regards,\nXandra Quib"),
        ("name", "Xandra Quib", "From: Xandra Quib <x@corp.org>"),
        ("name", "Quib", "Ask Dr. Quib"),
        ("name", "lena andersson", "my name is lena andersson."),
        ("name", "Ann Lee", "Yesterday Ann Lee came"),
        ("name", "王", "尊敬的王先生，您好"),
        ("name", "欧阳芳", "联系人欧阳芳，"),
        ("name", "刘明", "我叫刘明，"),
        ("name", "王建国", "联系人：王建国"),
        ("name", "李然勇", "请帮李然勇办理"),
    ],
)
def test_personal_data_is_found(kind: str, value: str, text: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Version 3.17.16.2 is out, build 202602123",
        "order 4929123456789011 was sent",  # no check digit of a card
        "测试号码 110105194912310021 不是有效证件",
        "订单号202603183307666193已发货",
        "会议定于2026年6月12日上午10:30",
        "这批货共28016666708件，单价12.50元",
        "It cost 12,500.00 dollars in 2019-2020",
        "The answer is 3.14159265358979",
        "std::vector<int> at 10:30:25",
        "@dataclass and git@github.com:a/b",
        "api_key = os.environ['API_KEY']",
        "the token is missing; the key is there; password: ********",
        "我是高中生，客户方面没有问题",
        "马上就要开学了，王国里的人都高兴",
        "The Great Wall is in the North of China.",
        "See section 12 of the Act, page 40",
        "pip install torch==2.11.0",
    ],
)
def test_what_is_no_personal_data_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_name_that_one_text_gives_away_is_found_in_the_others() -> None:
    row = {"messages": [{"role": "user", "content": "Zubin helped me."}], "metadata": {"people": "Zubin Ghorbani"}}
    places = {
        leaf.path: [leaf.text[span.start : span.end] for span in spans]
        for leaf, spans in Scanner().find_in_row(row).items()
    }
    assert places == {("messages", 0, "content"): ["Zubin"], ("metadata", "people"): ["Zubin Ghorbani"]}


@pytest.mark.parametrize(
    ("said", "answer"),
    [("BRANDT, Thomas called", "Herr Brandt"), ("QUIB called", "Dear Ms. Quib"), ("Quib called", "Dear Ms. QUIB")],
)
def test_a_name_is_found_in_capitals_and_without_everywhere_in_its_row(said: str, answer: str) -> None:
    row = {"messages": [{"role": "user", "content": said}, {"role": "assistant", "content": answer}]}
    found = {leaf.text[span.start : span.end] for leaf, spans in Scanner().find_in_row(row).items() for span in spans}
    assert found == {name for name in ("BRANDT", "Thomas", "Brandt", "QUIB", "Quib") if name in said or name in answer}


def test_a_family_name_in_capitals_before_a_given_name_is_found() -> None:
    assert found("BRANDT, Thomas called") == [("name", "BRANDT"), ("name", "Thomas")]
    assert found("Garcia, Maria") == [("name", "Garcia"), ("name", "Maria")]
    assert found("OK, Thomas") + found("Yesterday, Thomas") == [("name", "Thomas")] * 2


def test_only_the_kinds_asked_for_are_looked_for() -> None:
    text = "Ann Lee, ann@corp.org, 81.2.69.160"
    assert [span.kind for span in Scanner(["ip"]).find(text)] == ["ip"]


def test_a_recognizer_adds_its_spans() -> None:
    class Teams:
        def find(self, texts: Sequence[str]) -> list[list[Span]]:
            return [[Span("team", 0, 3, "teams", 0.9)] for _ in texts]

    assert [span.kind for span in Scanner(recognizers=[Teams()]).find("Red won")] == ["team"]


def test_of_two_overlapping_spans_the_surer_one_stays() -> None:
    spans = [Span("phone", 0, 10, "", 0.6), Span("card", 2, 8, "", 0.9), Span("ip", 8, 9, "", 0.5)]
    assert [span.kind for span in without_overlaps(spans)] == ["card", "ip"]


def test_places_know_what_touches_them() -> None:
    places = Places([(2, 4), (8, 9), (3, 6)])
    assert [places.touch(0, 2), places.touch(5, 7), places.touch(6, 8), places.touch(7, 20)] == [
        False,
        True,
        False,
        True,
    ]


def test_no_common_name_is_taken_for_a_surrogate() -> None:
    assert [name for name in GIVEN | FAMILY if LATIN_WORD.fullmatch(name)] == []


def test_every_kind_has_a_tag_of_its_own() -> None:
    assert len({kind.tag for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize(
    "text", ["a@" * 50_000, "1.1." * 50_000, "王" * 100_000, "Aa Bb. " * 20_000, "路1号" * 40_000, "key=" * 40_000]
)
@pytest.mark.timeout(20)
def test_hostile_texts_are_read_in_passable_time(text: str) -> None:
    found = Scanner().find(text)
    ends = [0, *(span.end for span in found)]
    assert all(before <= span.start < span.end <= len(text) for before, span in zip(ends, found, strict=False))
