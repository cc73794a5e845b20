import { words } from "~/i18n/language";

/** What the validation loss says of the whole run. */
export const validationWords = words({
  en: {
    title: "Fewer passes would do better",
    titleNever: "Training did not help on new examples",
    risen: (last: string, isOver: boolean, step: string, lowest: string) =>
      `The validation loss is higher ${isOver ? "at the end" : "now"} (${last}) than at step ${step} (${lowest}): too many passes; try fewer epochs.`,
    aboveStart: (start: string) =>
      `It is above the loss before training too (${start}): on examples that it has not seen, the model does worse than the one that it started from.`,
    aboveStartAlone: (last: string, isOver: boolean, start: string) =>
      `The validation loss is higher ${isOver ? "at the end" : "now"} (${last}) than before training (${start}): on examples that it has not seen, the model does worse than the one that it started from.`,
    neverFell: (last: string, isOver: boolean, start: string) =>
      `The validation loss is higher ${isOver ? "at the end" : "now"} (${last}) than before training (${start}), and was never lower: try fewer epochs, a lower learning rate, or more examples.`,
    figures: "Validation loss of the whole job",
    start: "before training",
    lowest: (step: string) => `lowest (step ${step})`,
    lowestAtStart: "lowest (before training)",
    last: (step: string) => `last (step ${step})`,
  },
  zh: {
    title: "减少遍数会更好",
    titleNever: "训练对新样本没有帮助",
    risen: (last: string, isOver: boolean, step: string, lowest: string) =>
      `${isOver ? "结束时" : "目前"}的验证损失（${last}）高于第 ${step} 步时（${lowest}）：遍数过多，请减少训练轮数。`,
    aboveStart: (start: string) => `它也高于训练前的损失（${start}）：对没见过的样本，这个模型还不如它的起始模型。`,
    aboveStartAlone: (last: string, isOver: boolean, start: string) =>
      `${isOver ? "结束时" : "目前"}的验证损失（${last}）高于训练前（${start}）：对没见过的样本，这个模型还不如它的起始模型。`,
    neverFell: (last: string, isOver: boolean, start: string) =>
      `${isOver ? "结束时" : "目前"}的验证损失（${last}）高于训练前（${start}），而且从未更低：请减少训练轮数、降低学习率，或增加样本。`,
    figures: "整个任务的验证损失",
    start: "训练前",
    lowest: (step: string) => `最低（第 ${step} 步）`,
    lowestAtStart: "最低（训练前）",
    last: (step: string) => `最后（第 ${step} 步）`,
  },
});
