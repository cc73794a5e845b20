import type { Language } from "~/i18n/language";

export type ExampleFormat = "chat" | "prompt_completion" | "alpaca";

type Pair = [question: string, answer: string];

const PAIRS: Record<Language, Pair[]> = {
  en: [
    ["My parcel has not arrived.", "I am sorry to hear that. Could you tell me your order number? I will look it up at once."],
    ["How do I return a lamp?", "Within 30 days, free of charge: print the label from your account and leave the parcel at any post office."],
    ["Do you ship to Iceland?", "Yes, we do. It takes six to nine working days and costs 14 euros."],
    ["Can I change my address?", "Yes, until the parcel has left our house. Which order is it about?"],
    ["The lamp flickers.", "That should not happen. Please try another bulb first; if it still flickers, we send you a new lamp."],
    ["Is there a discount for schools?", "There is: ten percent from five lamps on. Write to us with the school's address."],
    ["When do you answer the phone?", "On working days from nine to five. Here I answer at any time."],
    ["I was charged twice.", "I am sorry. The second payment is given back within three working days. Could you tell me the date?"],
    ["Which bulb fits model A3?", "Any bulb with an E27 base, up to 12 watts."],
    ["Thank you!", "You are welcome. Enjoy your lamp!"],
  ],
  zh: [
    ["我的包裹还没到。", "非常抱歉。请告诉我您的订单号，我马上为您查询。"],
    ["台灯怎么退货？", "30 天内可免费退货：在账户里打印退货标签，把包裹交给任意邮局即可。"],
    ["可以寄到冰岛吗？", "可以，需要六到九个工作日，运费 14 欧元。"],
    ["能改收货地址吗？", "包裹发出之前都可以。请问是哪个订单？"],
    ["台灯会闪。", "这不正常。请先换一个灯泡试试；如果还闪，我们给您换一台新的。"],
    ["学校采购有折扣吗？", "有的，五台起九折。请把学校地址发给我们。"],
    ["电话客服什么时候上班？", "工作日九点到十七点。在这里我随时都能回答您。"],
    ["我被扣了两次款。", "很抱歉。多扣的款会在三个工作日内退回。请问是哪一天扣的？"],
    ["A3 型号用什么灯泡？", "任何 E27 接口、12 瓦以内的灯泡都可以。"],
    ["谢谢！", "不客气，祝您使用愉快！"],
  ],
};
const SYSTEM: Record<Language, string> = { en: "You answer for a small lamp shop, kindly and briefly.", zh: "你是一家小灯具店的客服，回答亲切而简短。" };

function rowsOf(format: ExampleFormat, language: Language): object[] {
  return PAIRS[language].map(([question, answer]) => {
    if (format === "prompt_completion") return { prompt: `${question}\n\n`, completion: answer };
    if (format === "alpaca") return { instruction: question, input: "", output: answer };
    const roles = [["system", SYSTEM[language]], ["user", question], ["assistant", answer]] as const;
    return { messages: roles.map(([role, content]) => ({ role, content })) };
  });
}

export function exampleRow(format: ExampleFormat, language: Language): string {
  return JSON.stringify(rowsOf(format, language)[0], null, 2);
}

export function exampleFile(format: ExampleFormat, language: Language): File {
  const text = rowsOf(format, language).map((row) => `${JSON.stringify(row)}\n`).join("");
  return new File([text], `example-${format.replace("_", "-")}.jsonl`, { type: "application/jsonl" });
}
