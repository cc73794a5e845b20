import type { Certificate } from "~/pages/fine-tune/certificates";
import type { Step } from "~/pages/fine-tune/draft";
import type { SettingGroup } from "~/pages/fine-tune/settings";
import { settingsInEnglish } from "~/pages/fine-tune/settingWords.en";
import { settingsInChinese } from "~/pages/fine-tune/settingWords.zh";
import { words } from "~/i18n/language";

export const settingWords = words({ en: settingsInEnglish, zh: settingsInChinese });

export const stepWords = words<Record<Step, string>>({
  en: { model: "Base model", method: "Method", data: "Training data", validation: "Validation", settings: "Settings", review: "Review" },
  zh: { model: "基座模型", method: "方法", data: "训练数据", validation: "验证数据", settings: "参数", review: "确认" },
});

export const groupWords = words<Record<SettingGroup, { title: string; text: string }>>({
  en: {
    basic: { title: "The ones that matter", text: "Leave everything empty for a good first run." },
    adapter: { title: "Adapter", text: "What the low-rank pairs look like." },
    optimizer: { title: "Learning rate over time, optimizer", text: "How steps are made." },
    machine: { title: "Memory and speed", text: "Changes how fast, never what is learned." },
    measuring: { title: "Measuring and saving", text: "Validation and checkpoints." },
    reading: { title: "Files and first weights", text: "How files are read, where training begins." },
  },
  zh: {
    basic: { title: "最重要的几项", text: "第一次训练全部留空就好。" },
    adapter: { title: "适配器", text: "低秩矩阵的形状与强度。" },
    optimizer: { title: "学习率曲线与优化器", text: "每一步怎么走。" },
    machine: { title: "内存与速度", text: "只影响快慢，不影响学到什么。" },
    measuring: { title: "测量与保存", text: "验证与检查点。" },
    reading: { title: "文件与初始权重", text: "怎样读文件，从哪里开始训练。" },
  },
});

export const optionWords = words<Record<string, string>>({
  en: {
    error: "Stop and say which", drop: "Leave the row out", truncate_left: "Cut its beginning", truncate_right: "Cut its end",
    cosine: "cosine", linear: "linear", constant: "constant", auto: "auto", bf16: "bf16", fp32: "fp32", true: "on", false: "off",
    chat: "chat (messages)", prompt_completion: "prompt and completion", alpaca: "Alpaca (instruction, input, output)",
    pretrained: "the base model's (pretrained)", random: "random, from nothing",
  },
  zh: {
    error: "停下并指出是哪些", drop: "丢弃整条", truncate_left: "截掉开头", truncate_right: "截掉结尾",
    cosine: "余弦（cosine）", linear: "线性（linear）", constant: "恒定（constant）", auto: "自动（auto）", bf16: "bf16", fp32: "fp32", true: "打开", false: "关闭",
    chat: "对话（messages）", prompt_completion: "提示与补全", alpaca: "Alpaca（instruction, input, output）",
    pretrained: "基座模型的权重（pretrained）", random: "随机，从零开始（random）",
  },
});

export const certificateWords = words<Record<Certificate, { title: string; text: string }>>({
  en: {
    data_accounted: { title: "Every row is accounted for", text: "Rows read, trained on, held out, dropped and cut add up." },
    loss_mask: { title: "Trained on the answers only", text: "The tokens that count are exactly the assistant's, the end sign among them." },
    template: { title: "Asked as it was trained", text: "Serving turns a conversation into the same tokens as training." },
    resume_exact: { title: "Interruption changes nothing", text: "A job that was interrupted and went on gives the same model." },
    adapter_applied: { title: "The adapter is at work", text: "Each of its tensors found its layer, and answers differ from the base model's." },
    same_tokens: { title: "Same tokens, same answers", text: "Serving and training give the same probabilities for the same tokens." },
  },
  zh: {
    data_accounted: { title: "每一行都有交代", text: "读入、训练、留作验证、丢弃、截断的行数对得上。" },
    loss_mask: { title: "只学回答", text: "计入损失的 token 恰好是助手的回答，包括结束符。" },
    template: { title: "用法与训练一致", text: "推理时把对话变成的 token 与训练时完全相同。" },
    resume_exact: { title: "中断不影响结果", text: "中断后继续的任务得到同样的模型。" },
    adapter_applied: { title: "适配器确实生效", text: "每个张量都找到了对应的层，回答与基座模型不同。" },
    same_tokens: { title: "同样的 token，同样的回答", text: "对同样的 token，推理与训练给出的概率一致。" },
  },
});
