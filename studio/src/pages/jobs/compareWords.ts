import { words } from "~/i18n/language";
import type { FinalName } from "./compare";
import type { Compared } from "./search";

type Words = {
  title: string;
  text: string;
  toList: string;
  too: { title: string; text: string };
  remove: (name: string) => string;
  figure: string;
  figures: Record<Compared | "all", string>;
  align: string;
  byStep: string;
  byShare: string;
  shareAt: (percent: string) => string;
  settings: string;
  showAll: string;
  noDifference: string;
  setting: string;
  finals: string;
  finalText: string;
  best: string;
  otherValidation: string;
  final: Record<FinalName, string>;
  noValues: string;
  gone: (id: string) => string;
};

export const compareWords = words<Words>({
  en: {
    title: "Compare jobs",
    text: "The same figure of several jobs over one another, what they were made with, and how they ended.",
    toList: "Choose jobs",
    too: { title: "Choose two to six jobs", text: "Tick them in the list of jobs, then come back here by Compare." },
    remove: (name) => `Take ${name} out`,
    figure: "Figure",
    figures: {
      train_loss: "Training loss", valid_loss: "Validation loss", train_mean_token_accuracy: "Training accuracy",
      valid_mean_token_accuracy: "Validation accuracy", learning_rate: "Learning rate", grad_norm: "Gradient norm",
      tokens_per_second: "Tokens a second", all: "All figures",
    },
    align: "Align by",
    byStep: "Step",
    byShare: "Share of training",
    shareAt: (percent) => `${percent}% of training`,
    settings: "Settings",
    showAll: "Show those that are the same too",
    noDifference: "These jobs were made with the same settings.",
    setting: "Setting",
    finals: "How they ended",
    finalText: "Training figures are means of the last twentieth of the steps, because single steps jump about.",
    best: "best",
    otherValidation: "The validation figures come from different files or different held-out rows, so none of them is marked as the best: give each job the same validation file to compare them.",
    final: {
      trainLoss: "Training loss", validLoss: "Validation loss, last", bestValidLoss: "Validation loss, lowest", accuracy: "Training accuracy",
      validAccuracy: "Validation accuracy, last", tokens: "Trained tokens", seconds: "Time",
    },
    noValues: "None of these jobs has this figure.",
    gone: (id) => `${id} cannot be shown`,
  },
  zh: {
    title: "对比任务",
    text: "把几个任务的同一指标叠放在一起，并列出它们的设置和最终结果。",
    toList: "选择任务",
    too: { title: "请选择 2 到 6 个任务", text: "在任务列表中勾选，然后点击“对比”回到这里。" },
    remove: (name) => `移除 ${name}`,
    figure: "指标",
    figures: {
      train_loss: "训练损失", valid_loss: "验证损失", train_mean_token_accuracy: "训练准确率", valid_mean_token_accuracy: "验证准确率",
      learning_rate: "学习率", grad_norm: "梯度范数", tokens_per_second: "每秒词元数", all: "全部指标",
    },
    align: "对齐方式",
    byStep: "按步数",
    byShare: "按训练进度",
    shareAt: (percent) => `训练进度 ${percent}%`,
    settings: "设置",
    showAll: "同时显示相同的设置",
    noDifference: "这些任务的设置完全相同。",
    setting: "设置",
    finals: "最终结果",
    finalText: "训练指标取最后二十分之一步的平均值，因为单步数值波动很大。",
    best: "最佳",
    otherValidation: "这些验证指标来自不同的文件或不同的留出行，因此不标出最佳值：要比较它们，请给每个任务指定同一个验证文件。",
    final: {
      trainLoss: "训练损失", validLoss: "验证损失（最后）", bestValidLoss: "验证损失（最低）", accuracy: "训练准确率",
      validAccuracy: "验证准确率（最后）", tokens: "训练词元数", seconds: "用时",
    },
    noValues: "这些任务都没有这个指标。",
    gone: (id) => `无法显示 ${id}`,
  },
});
