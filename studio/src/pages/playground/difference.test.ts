import { expect, test } from "vitest";
import { difference } from "~/pages/playground/difference";

const own = (text: string, other: string) => difference(text, other).filter((stretch) => stretch.isOwn).map((stretch) => stretch.text);

test("words of its own are marked, and the text stays whole", () => {
  expect(own("the red cat sat", "the cat sat")).toEqual(["red "]);
  expect(difference("the red cat", "a cat").map((stretch) => stretch.text).join("")).toBe("the red cat");
});

test("Chinese is compared sign by sign", () => {
  expect(own("我爱红色的猫", "我爱猫")).toEqual(["红色的"]);
});

test("equal texts have no difference, and long ones are not compared word by word", () => {
  expect(own("same\n text", "same\n text")).toEqual([]);
  expect(difference("a ".repeat(3000), "b")).toHaveLength(1);
  expect(difference("", "x")).toEqual([]);
});
