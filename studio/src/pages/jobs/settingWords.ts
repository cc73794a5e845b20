import { words } from "~/i18n/language";

/** What each setting is, in a few plain words, by its name in the API. */
export const settingWords = words<Record<string, string>>({
  en: {
    adapter: "what is trained", lora_rank: "width of the adapter", lora_alpha: "strength of the adapter",
    lora_target_modules: "layers that carry the adapter", num_epochs: "passes over the examples", total_steps: "optimizer steps",
    batch_size: "examples a step", learning_rate: "highest learning rate", lr_schedule: "how the learning rate falls",
    warmup_steps: "steps in which it rises", weight_decay: "pull of the weights to zero", adam_beta1: "memory of the gradient",
    adam_beta2: "memory of the squared gradient", max_grad_norm: "longest gradient step", prompt_loss_weight: "weight of prompts in the loss",
    max_seq_len: "longest example in tokens", over_length: "what happens to longer ones", precision: "number type",
    micro_batch_tokens: "tokens computed at once", activation_checkpointing: "less memory for more time", compile: "compile the layers first",
    eval_every_steps: "steps between validations", save_every_steps: "steps between checkpoints",
    keep_checkpoints: "resume states kept", seed: "seed of chance", model: "base model", training_file: "training file",
    validation_file: "validation file",
  },
  zh: {
    adapter: "训练的部分", lora_rank: "适配器的秩", lora_alpha: "适配器的强度", lora_target_modules: "带适配器的层", num_epochs: "遍历样本的次数",
    total_steps: "优化步数", batch_size: "每步样本数", learning_rate: "最高学习率", lr_schedule: "学习率下降方式", warmup_steps: "预热步数",
    weight_decay: "权重衰减", adam_beta1: "梯度的记忆", adam_beta2: "梯度平方的记忆", max_grad_norm: "梯度裁剪上限", prompt_loss_weight: "提示词在损失中的权重",
    max_seq_len: "最长样本的词元数", over_length: "超长样本的处理", precision: "数值类型", micro_batch_tokens: "一次计算的词元数",
    activation_checkpointing: "用时间换内存", compile: "预先编译各层", eval_every_steps: "验证间隔步数",
    save_every_steps: "检查点间隔步数", keep_checkpoints: "保留的恢复状态数", seed: "随机种子", model: "基础模型", training_file: "训练文件",
    validation_file: "验证文件",
  },
});

/** A setting's value as one writes it. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) return value.length === 0 ? "–" : value.map(valueText).join(", ");
  if (typeof value === "number") return Math.abs(value) > 0 && Math.abs(value) < 1e-3 ? value.toExponential().replace("e+", "e") : String(value);
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}
