import type { Language } from "~/i18n/language";

/**
 * The engine says its reasons in English. In Chinese they are said again here, by their form; one that is not known
 * stays as it is, because a reason in another language is better than none.
 */
const IN_CHINESE: [RegExp, (...parts: string[]) => string][] = [
  [/^as given$/, () => "按你的设定"],
  [/^the default$/, () => "默认值"],
  [/^chosen when training starts$/, () => "训练开始时决定"],
  [/^drawn by chance, as none was given$/, () => "未指定，随机抽取"],
  [/^drawn by chance when the job is made$/, () => "创建任务时随机抽取"],
  [/^twice the rank, the usual strength$/, () => "秩的两倍，常用强度"],
  [/^([\d.e-]+) of the steps$/, (share) => `总步数的 ${share}`],
  [/^keeping activations is a third faster; set true where memory runs out$/, () => "保留激活值会快三分之一；内存不够时设为 true"],
  [/^ten times a run, at most every 20 steps$/, () => "整个训练保存十次，间隔不小于 20 步"],
  [/^the base model's context; the longest example has ([\d,]+) tokens$/, (longest) => `基座模型的上下文长度；最长的样本有 ${longest} 个 token`],
  [
    /^a power of two up to 32 that leaves 32 steps or more in a pass over ([\d,]+) examples$/,
    (count) => `不超过 32 的 2 的幂，使 ${count} 条样本每轮至少有 32 步`,
  ],
  [/^max_steps as given$/, () => "按你设定的 max_steps"],
  [/^([\d,]+) steps of (\d+) among ([\d,]+) examples$/, (steps, size, count) => `共 ${steps} 步，每步 ${size} 条，样本 ${count} 条`],
  [/^three passes, the usual start$/, () => "三轮，通常的起点"],
  [/^([\d.e+]+) passes of ([\d,]+) steps$/, (passes, steps) => `${passes} 轮，每轮 ${steps} 步`],
  [/^every weight is trained, so there is no adapter$/, () => "训练全部权重，没有适配器"],
  [
    /^every projection and the output head: a small base model/,
    () => "所有投影层和输出层：小模型要学会写出以前几乎没写过的 token，不训练输出层就做不到",
  ],
  [/^every projection in the blocks; a large base model's output head needs no change$/, () => "各层的所有投影；大模型的输出层不需要改动"],
  [/^([\d.e-]+) (.+); times learning_rate_multiplier ([\d.e-]+)$/, (rate, reason, times) => `${rate}（${inChinese(reason ?? "")}），再乘以 learning_rate_multiplier ${times}`],
  [/^from random weights a small model bears a high rate$/, () => "从随机权重开始，小模型能承受较高的学习率"],
  [/^for LoRA at hidden width (\d+): narrow models bear higher rates$/, (width) => `LoRA，隐藏维度 ${width}：越窄的模型能承受越高的学习率`],
  [/^for full fine-tuning at hidden width (\d+): a tenth of LoRA's$/, (width) => `全量微调，隐藏维度 ${width}：是 LoRA 的十分之一`],
  [/^this (\w+) multiplies bf16 at twice the speed of fp32 or more$/, (device) => `这台机器的 ${device} 计算 bf16 至少比 fp32 快一倍`],
  [/^this (\w+) has no fast bf16 arithmetic$/, (device) => `这台机器的 ${device} 不支持快速 bf16 运算`],
  [/^large enough for full matrix products, small enough for memory at this model's size$/, () => "大到能充分利用矩阵乘法，小到内存装得下这个规模的模型"],
  [/^compiled layers have been measured on CPUs only$/, () => "编译只在 CPU 上验证过"],
  [/^there is no C\+\+ compiler here, or the base model goes through transformers$/, () => "这里没有 C++ 编译器，或者基座模型要经过 transformers"],
  [/^the job is short \(about ([\d,]+) min on two cores\); compiling would not pay$/, (minutes) => `任务很短（两核约 ${minutes} 分钟），编译不划算`],
  [/^the job is long \(about ([\d,]+) min on two cores\), so compiling pays$/, (minutes) => `任务较长（两核约 ${minutes} 分钟），编译划算`],
  [/^there is no validation data$/, () => "没有验证数据"],
  [/^five times a run$/, () => "整个训练测五次"],
  [/^enough for an interval of about ten points$/, () => "足以得到约十个百分点宽的置信区间"],
];

export function saidIn(language: Language, reason: string): string {
  return language === "zh" ? inChinese(reason) : reason;
}

function inChinese(reason: string): string {
  for (const [form, said] of IN_CHINESE) {
    const found = form.exec(reason);
    if (found) return said(...found.slice(1));
  }
  return reason;
}
