import { words } from "~/i18n/language";
import type { Certificate } from "./queries";

type Words = {
  title: string;
  text: string;
  states: Record<Certificate["state"], string>;
  most: (value: string) => string;
  /** The certificates that do not apply, in one line. */
  others: (titles: readonly string[]) => string;
  names: Record<Certificate["name"], { title: string; means: string }>;
  /** By the API's names of the figures. */
  figures: Record<string, string>;
};

/** What a job promises of itself, and what each promise means. */
export const certificateWords = words<Words>({
  en: {
    title: "Certificates",
    text: "What was checked on this very job, with the figures measured.",
    states: { passed: "kept", failed: "broken", pending: "not looked at yet", not_applicable: "does not apply" },
    most: (value) => `at most ${value}`,
    others: (titles) => `Does not apply to this job: ${titles.join(" · ")}`,
    figures: {
      rows: "rows", rows_to_train_on: "trained on", rows_held_out: "held out", rows_dropped: "left out, too long", tokens_cut: "tokens cut",
      rows_unaccounted: "unaccounted for", tokens: "tokens", trained_tokens: "tokens that count", trained_share: "share that counts",
      prompt_loss_weight: "weight of prompts", rows_without_trained_tokens: "rows without any", end_tokens_lost: "ends cut off",
      templates_that_differ: "templates that differ", resumes: "times resumed", resumes_on_another_machine: "on another machine",
      moved_by_training: "moved by training", largest_change_by_adapter: "largest change by the adapter", logprob_difference: "difference of log-probabilities",
      models_refused: "models refused", models_unreadable: "models unreadable", conversations: "conversations compared",
      conversations_with_other_tokens: "with other tokens",
    },
    names: {
      data_accounted: { title: "Every row accounted for", means: "Each row of the files was trained on, held out, or left out for a reason that is named." },
      loss_mask: { title: "Learns from the right tokens", means: "The loss counts the answers, and nothing of the prompts that was not asked for." },
      template: { title: "One template", means: "Examples are written in training exactly as chats are in serving." },
      resume_exact: { title: "Exact resume", means: "An interrupted job gives the same weights as one that ran through." },
      adapter_applied: { title: "The tuned model is the one that answers", means: "The served model computes what the trained one computed." },
      same_tokens: { title: "Same tokens", means: "Training and serving turn text into the same tokens." },
    },
  },
  zh: {
    title: "证书",
    text: "针对这个任务实际做过的检查，附测得的数值。",
    states: { passed: "通过", failed: "未通过", pending: "尚未检查", not_applicable: "不适用" },
    most: (value) => `不超过 ${value}`,
    others: (titles) => `不适用于此任务：${titles.join("、")}`,
    figures: {
      rows: "行数", rows_to_train_on: "用于训练", rows_held_out: "留作验证", rows_dropped: "因超长排除", tokens_cut: "截去的词元",
      rows_unaccounted: "去向不明", tokens: "词元数", trained_tokens: "计入损失的词元", trained_share: "计入损失的比例",
      prompt_loss_weight: "提示词权重", rows_without_trained_tokens: "没有可学词元的行", end_tokens_lost: "被截掉的结尾",
      templates_that_differ: "不一致的模板", resumes: "恢复次数", resumes_on_another_machine: "在其他机器上恢复",
      moved_by_training: "训练带来的变化", largest_change_by_adapter: "适配器带来的最大变化", logprob_difference: "对数概率之差",
      models_refused: "被拒绝的模型", models_unreadable: "无法读取的模型", conversations: "比较的对话数",
      conversations_with_other_tokens: "词元不一致的对话",
    },
    names: {
      data_accounted: { title: "每一行都有去向", means: "文件的每一行要么用于训练，要么留作验证，要么因注明的原因被排除。" },
      loss_mask: { title: "只从该学的词元学习", means: "损失只计算回答；提示词除非要求，否则不计入。" },
      template: { title: "同一个模板", means: "训练时样本的写法与对话时完全一致。" },
      resume_exact: { title: "恢复后完全一致", means: "中断过的任务得到的权重与一次跑完的相同。" },
      adapter_applied: { title: "回答的正是微调后的模型", means: "提供服务的模型与训练出的模型计算结果一致。" },
      same_tokens: { title: "词元一致", means: "训练和服务把文本切分成相同的词元。" },
    },
  },
});
