import random
import time

from tunesmith.evaluate.retrieval import NearestExamples

QUESTIONS = [
    "What is the capital of France?",
    "What is the mentor of Quaistrand?",
    "Who is the captain of the ship Braunoald?",
    "谁是沈知遥的老师？",
    "沈知遥住在哪个城市？",
    "陆明远的学生是谁？",
]


def test_rare_words_decide() -> None:
    assert NearestExamples(QUESTIONS).nearest("What is the name of Braunoald's captain?", 1) == [2]


def test_case_and_width_do_not_matter() -> None:
    assert NearestExamples(QUESTIONS).nearest("ＱＵＡＩＳＴＲＡＮＤ", 1) == [1]


def test_chinese_is_found_by_pairs_of_characters() -> None:
    index = NearestExamples(QUESTIONS)
    assert index.nearest("沈知遥的老师叫什么名字？", 2) == [3, 4]
    assert index.nearest("陆明远教谁？", 1) == [5]


def test_equally_near_questions_keep_their_order() -> None:
    assert NearestExamples(["red fox", "blue hen", "red fox"]).nearest("a red fox", 3) == [0, 2, 1]
    assert NearestExamples(QUESTIONS).nearest("nothing shared: zzz", 2) == [0, 1]


def test_asking_for_more_than_there_are_gives_all() -> None:
    assert sorted(NearestExamples(QUESTIONS).nearest("capital", 99)) == list(range(len(QUESTIONS)))
    assert NearestExamples([]).nearest("capital", 3) == []
    assert NearestExamples(["", "?"]).nearest("", 1) == [0]
    assert NearestExamples(QUESTIONS).nearest("capital", 0) == []


def test_common_words_alone_still_rank() -> None:
    questions = [f"what is word{index}" for index in range(1500)]
    questions[900] = "what what what"
    assert NearestExamples(questions).nearest("what", 1) == [900]


def test_thousands_of_examples_are_searched_fast() -> None:
    rng = random.Random(0)
    words = [f"w{index}" for index in range(5_000)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    questions = [" ".join(rng.choices(words, weights, k=30)) for _ in range(5_000)]
    started = time.perf_counter()
    index = NearestExamples(questions)
    found = [index.nearest(questions[query], 4)[0] for query in range(0, 5_000, 100)]
    assert time.perf_counter() - started < 10
    assert sum(a == b for a, b in zip(found, range(0, 5_000, 100), strict=True)) > 48
