import { expect, test } from "vitest";
import { saidInChinese } from "~/i18n/said/chinese";
import sentences from "~/i18n/said/sentences.json";

/** What may stand in a hole: a number, or a part that is said in Chinese itself. */
const FILLERS = ["7", "loss"];

/** Without what stays as it is: what is quoted, objects of JSON, addresses, commands. */
function plain(text: string): string {
  return text.replace(/"[^"]*"|'[^']*'|`[^`]*`|\{.*\}|https?:\S*|tunesmith( [a-z]+)*|pandas\.\S*/g, " ");
}

test("every sentence that the server can say has a Chinese form", () => {
  const left = sentences.filter((sentence) =>
    FILLERS.every((filler) => {
      const filled = sentence.replaceAll("{}", filler);
      const said = saidInChinese(filled);
      return said === filled || /[a-z]+ [a-z]+ [a-z]+/i.test(plain(said).replaceAll(filler, ""));
    }),
  );
  expect(left).toEqual([]);
});

test("no word of what fills a sentence is lost", () => {
  const left = sentences.filter((sentence) => {
    let count = 0;
    const filled = sentence.replaceAll("{}", () => `${(count += 1) * 1111}`);
    const said = saidInChinese(filled);
    return Array.from({ length: count }, (_, index) => `${(index + 1) * 1111}`).some((each) => !said.includes(each));
  });
  expect(left).toEqual([]);
});

test.each([
  ["3 passes of 1,024 steps", "3 轮，每轮 1,024 步"],
  [
    "0.0032 for LoRA at hidden width 192: narrow models bear higher rates; times learning_rate_multiplier 2",
    "0.0032（LoRA，隐藏维度 192：越窄的模型能承受越高的学习率），再乘以 learning_rate_multiplier 2",
  ],
  [
    'file-1.jsonl:3:14 (messages[0].role): the role is "bot" [unrecognized_role] → did you mean "assistant"?',
    'file-1.jsonl:3:14 (messages[0].role)：角色是 "bot" [unrecognized_role] → 是不是想写 "assistant"？',
  ],
  [
    "The job failed due to an invalid training file. 2 problems in 12 rows: line 3, column 5 (messages): the message has no role; line 9: expected a comma or ], found \"x\".",
    '任务失败，训练文件有误。12 行中有 2 个问题：第 3 行第 5 列（messages）：这条消息没有角色；第 9 行：这里应该是逗号或 ]，却是 "x"。',
  ],
  [
    "The training process was killed by signal 9 (probably out of memory). It is tried again from its newest checkpoint (failure 1 of 3).",
    "训练进程被信号 9 终止（多半是内存不足）。将从最新的检查点重试（第 1 次失败，最多 3 次）。",
  ],
  ["The training process was killed by signal 9 (probably out of memory) 3 times without getting further.", "训练进程被信号 9 终止（多半是内存不足），已发生 3 次且没有进展。"],
  ["Of 120 rows: 100 to train on, 12 held out for validation and 8 dropped as too long; none unaccounted for. 40 tokens were cut off.", "共 120 行：100 行用于训练，12 行留作验证，8 行因过长排除；没有去向不明的。截去了 40 个词元。"],
  ["Invalid value for 'hyperparameters.n_epochs': found 0; it should be greater than or equal to 1.", "“hyperparameters.n_epochs”的值有误：得到 0；应大于或等于 1。"],
  ["Model qwen is not available for fine-tuning or does not exist. Did you mean qwen3?", "模型 qwen 不能用于微调，或者不存在。是不是想用 qwen3？"],
  ["max_seq_len 9000 is more than the base model's context of 4,096 tokens. (set max_seq_len to 4096 or less)", "max_seq_len 9000 超过了基座模型 4,096 个词元的上下文长度。（把 max_seq_len 设为 4096 或更小）"],
  ["give num_epochs or max_steps, not both; give one of them.", "num_epochs 和 max_steps 只能给一个；只给其中一个。"],
  [
    "The validation loss ended at 6.47; it was 5.20 at step 75 and 5.85 before training: too many passes. Try fewer epochs, or a checkpoint near step 75.",
    "结束时的验证损失是 6.47；第 75 步时是 5.20，训练前是 5.85：遍数过多。请减少训练轮数，或使用第 75 步附近的检查点。",
  ],
  ["Incorrect API key provided: sk-ab***wxyz. Keys are made with `tunesmith keys create`, or in the Studio under Settings.", "API 密钥不正确：sk-ab***wxyz。密钥用 `tunesmith keys create` 创建，或在 Studio 的“设置”中创建。"],
  ["Fine-tuning job paused: The disk is full. Make room, then resume the job.", "微调任务已暂停：磁盘已满。请腾出空间，然后恢复任务。"],
  ['Nothing was changed: line 3: column 7: a text has no closing quote (add the closing "); line 4: it is edited twice.', '没有做任何改动：第 3 行：第 7 列：文本缺少结尾的引号（补上结尾的 "）；第 4 行：它被改了两次。'],
  [
    "the name ends in .csv; cells are parted by semicolons; the first row names the columns: it has 'question'; 2 of the first 2 rows have a question and an answer",
    "文件名以 .csv 结尾；单元格由分号隔开；第一行是列名：其中有 'question'；前 2 行中有 2 行含有：一个问题和一个回答",
  ],
  [
    '"q" is asked and "a" answers, by their names; but "b" may be the answer too; but "a" is empty in most of the first rows',
    '按列名："q" 是提问，"a" 是回答；但 "b" 也可能是回答；但前几行中 "a" 大多是空的',
  ],
  ['"kind" is a label, by its name; which of "x", "y" it is told by is not clear', '按列名："kind" 是类别；由 "x", "y" 中的哪一列判断还不清楚'],
  ["Answers are those of bo@example.com, who wrote 4 of 4 replies.", "回答取自 bo@example.com，4 封回复中有 4 封由其所写。"],
  [
    "a prompt_completion row (prompt and completion) in a chat file; the first of them is line 6",
    "chat 格式的文件中有一行是 prompt_completion 格式（prompt 和 completion）；第一处在第 6 行",
  ],
  [
    'the encoding is a guess: read as KOI8-R, the file has words such as "Где", "офис". If they are wrong, name the right encoding with --encoding',
    '编码是猜的：按 KOI8-R 读取时，文件中有 "Где", "офис" 这样的词。如果不对，请用 --encoding 指定正确的编码',
  ],
  ["a zero-width space (U+200B) stands in the text", "文本中有零宽空格（U+200B）"],
  ['the row has no answer: "reply" is empty', '这一行没有回答："reply" 是空的'],
  [
    'the column mapping cannot be used:\n   (user): user names the column "nope", which the table lacks [unknown_column] → the columns are "q", "a"',
    '列的对应关系无法使用：(user)：user 指定了列 "nope"，但表中没有 [unknown_column] → 各列是 "q", "a"',
  ],
  [
    "Nobody looks for names in scripts other than Latin and Chinese; what images and sounds show; only texts are read.",
    "不查找：拉丁字母和汉字以外的文字写的姓名；图像和声音的内容；只读取文本。",
  ],
  [
    "The settings of convert cannot be used: settings.format: there is no such setting (did you mean form?).",
    "convert 的设置无法使用：settings.format: there is no such setting (did you mean form?)。",
  ],
])("%s", (sentence, said) => expect(saidInChinese(sentence)).toBe(said));

test("what is not known stays as it is, to the letter", () => {
  for (const text of ["a new reason", "The weather is fine, and so are many tokens", "", "<img src=x onerror=alert(1)>", "7 of 9", "x. y. z."]) {
    expect(saidInChinese(text)).toBe(text);
  }
});

test("what a sentence was filled with stays as it is, however hostile", () => {
  expect(saidInChinese("No such File object: <b>as given</b> [x] → {1} {~2}")).toBe("没有这个文件：<b>as given</b> [x] → {1} {~2}");
  expect(saidInChinese('the role is "the file is empty. {}"')).toBe('角色是 "the file is empty. {}"');
});

test("a long text of many beginnings takes no time to speak of", () => {
  const begin = performance.now();
  for (const piece of ["line 1: ", "The file is empty. ", "; give one of them", "a [x] → ", " Make room, then resume the job.", "x (", "the arguments of "]) {
    saidInChinese(piece.repeat(Math.floor(20_000 / piece.length)));
  }
  expect(performance.now() - begin).toBeLessThan(2000);
});
