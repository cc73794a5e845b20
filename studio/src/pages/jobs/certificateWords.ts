import { words } from "~/i18n/language";
import type { Certificate } from "./queries";

type Words = {
  title: string;
  text: string;
  states: Record<Certificate["state"], string>;
  most: (value: string) => string;
  names: Record<Certificate["name"], { title: string; means: string }>;
  figures: string;
};

/** What a job promises of itself, and what each promise means. */
export const certificateWords = words<Words>({
  en: {
    title: "Certificates",
    text: "What was checked on this very job, with the figures measured.",
    states: { passed: "kept", failed: "broken", pending: "not looked at yet", not_applicable: "does not apply" },
    most: (value) => `at most ${value}`,
    figures: "Figures",
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
    figures: "数值",
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
