import { expect, test } from "vitest";
import { saidIn } from "~/pages/fine-tune/reasons";

test("a reason is said again in Chinese, by its form", () => {
  expect(saidIn("zh", "3 passes of 1,024 steps")).toBe("3 轮，每轮 1,024 步");
  expect(saidIn("zh", "0.0032 for LoRA at hidden width 192: narrow models bear higher rates; times learning_rate_multiplier 2")).toBe(
    "0.0032（LoRA，隐藏维度 192：越窄的模型能承受越高的学习率），再乘以 learning_rate_multiplier 2",
  );
});

test("in English, and where the form is not known, it stays as it is", () => {
  expect(saidIn("en", "as given")).toBe("as given");
  expect(saidIn("zh", "a new reason")).toBe("a new reason");
});
