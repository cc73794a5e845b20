import { words } from "~/i18n/language";

/** Why a job ended early, by the code of its `error`. */
export const FAILURE_CODES = [
  "invalid_training_file", "invalid_n_examples", "invalid_job", "training_diverged", "out_of_memory", "training_failed",
  "training_process_crashed", "validation_process_crashed", "worker_failed", "worker_lost",
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number] | "other";

/** What helps: each a button beside the words. */
export type Help = "file" | "clone" | "events";
export const HELP: Record<FailureCode, readonly Help[]> = {
  invalid_training_file: ["file", "events"],
  invalid_n_examples: ["file"],
  invalid_job: ["clone", "events"],
  training_diverged: ["clone"],
  out_of_memory: ["clone"],
  training_failed: ["events", "clone"],
  training_process_crashed: ["events", "clone"],
  validation_process_crashed: ["events", "file"],
  worker_failed: ["events", "clone"],
  worker_lost: ["clone"],
  other: ["events", "clone"],
};

export function failureCode(code: string | null | undefined): FailureCode {
  return FAILURE_CODES.find((each) => each === code) ?? "other";
}

type Words = {
  said: string;
  whatToDo: string;
  help: Record<Help, string>;
  codes: Record<FailureCode, { title: string; happened: string; fix: readonly string[] }>;
};

export const failureWords = words<Words>({
  en: {
    said: "What the server said",
    whatToDo: "What to do",
    help: { file: "Open the file's report", clone: "Change and run again", events: "See all events" },
    codes: {
      invalid_training_file: {
        title: "A file has rows that cannot be trained on",
        happened: "The files were read row by row before training, and some rows are not what they should be. Nothing was trained, nothing is lost.",
        fix: ["Open the file's report: it names each row and what is wrong with it.", "Mend the rows there, or leave them out; that makes a new file.", "Run the job again with the new file."],
      },
      invalid_n_examples: {
        title: "There are too few examples",
        happened: "The training file has fewer than ten examples. So few teach a model nothing that lasts.",
        fix: ["Add examples; from about fifty good ones on, a difference shows.", "If a part is held out for validation, the rest must be ten or more."],
      },
      invalid_job: {
        title: "The settings do not work together",
        happened: "A setting of the job cannot be used with this model or these files. Training did not begin.",
        fix: ["The message below names the setting.", "Clone the job, change that setting, and run it again; what is unsure can be left to auto."],
      },
      training_diverged: {
        title: "Training ran out of control",
        happened: "The loss became larger and larger until it was no number any more. The weights are worthless from there on, so training stopped.",
        fix: ["Most often the learning rate is too high: try a tenth of it, or leave it to auto.", "A larger batch and a longer warm-up (warmup_ratio) calm it too.", "A checkpoint from before the rise may still be good: try it."],
      },
      out_of_memory: {
        title: "The memory did not suffice",
        happened: "Training needed more memory than the machine had, also when it was tried again.",
        fix: ["Set micro_batch_tokens lower: the result stays the same.", "Set activation_checkpointing to true: much less memory, a third more time.", "Shorten the longest examples (max_seq_len), use a smaller base model, or train with lora instead of every weight.", "Let fewer jobs run at once on this machine."],
      },
      training_failed: {
        title: "The machine could not train this",
        happened: "Training ended by an error of the machine or the software, several times in a row.",
        fix: ["The message and the events below say where.", "Check the disk and the device with: tunesmith doctor", "Then clone the job and run it again."],
      },
      training_process_crashed: {
        title: "The training process ended without a word",
        happened: "The operating system or a fault ended the training process, several times in a row.",
        fix: ["Look at the memory: other programs may take it.", "The server's log says more; tunesmith doctor checks the machine.", "Then clone the job and run it again."],
      },
      validation_process_crashed: {
        title: "The process that reads the files ended without a word",
        happened: "A file could not be judged because the process that reads it was ended, several times in a row.",
        fix: ["A very large file may need more memory than there is: split it.", "Open the file's report to see whether it can be read."],
      },
      worker_failed: {
        title: "The worker met an error",
        happened: "The program that looks after training met an error that it could not go on from, several times in a row.",
        fix: ["The message below names it; the server's log says more.", "Check the machine with: tunesmith doctor", "Then clone the job and run it again."],
      },
      worker_lost: {
        title: "The worker was lost",
        happened: "The machine or program that trained went silent, several times in a row, and nobody else could finish the job.",
        fix: ["See whether the machine is on and the worker runs.", "Then clone the job and run it again."],
      },
      other: {
        title: "The job failed",
        happened: "It ended by an error.",
        fix: ["The message below says what is known; the events say what happened before."],
      },
    },
  },
  zh: {
    said: "服务器的说明",
    whatToDo: "怎么办",
    help: { file: "打开文件报告", clone: "修改后重新运行", events: "查看全部事件" },
    codes: {
      invalid_training_file: {
        title: "文件中有无法用于训练的行",
        happened: "训练之前会逐行检查文件，其中有些行不符合要求。训练没有开始，也没有任何损失。",
        fix: ["打开文件报告：它会指出每一行以及问题所在。", "在报告里修正这些行，或去掉它们；修改会生成一个新文件。", "用新文件重新运行任务。"],
      },
      invalid_n_examples: {
        title: "样本太少",
        happened: "训练文件不足十个样本。这么少的样本教不会模型任何稳定的东西。",
        fix: ["请增加样本；有大约五十个好样本时就能看出效果。", "如果留出了一部分做验证，剩下的也必须不少于十个。"],
      },
      invalid_job: {
        title: "设置之间不能配合",
        happened: "任务的某项设置不能用于这个模型或这些文件。训练没有开始。",
        fix: ["下面的说明指出了是哪项设置。", "复制任务，修改该设置后重新运行；没有把握的可以设为 auto。"],
      },
      training_diverged: {
        title: "训练发散了",
        happened: "损失越来越大，直到不再是一个有效的数。此后的权重没有用处，所以训练停止了。",
        fix: ["最常见的原因是学习率太高：试试原来的十分之一，或设为 auto。", "更大的批次和更长的预热（warmup_ratio）也能让训练更稳定。", "损失上升之前的检查点可能仍然可用，不妨试一试。"],
      },
      out_of_memory: {
        title: "内存不够",
        happened: "训练需要的内存超过了机器所有的，重试后仍然如此。",
        fix: ["调低 micro_batch_tokens：结果不变。", "把 activation_checkpointing 设为 true：内存大大减少，时间约多三分之一。", "缩短最长的样本（max_seq_len）、换用更小的基础模型，或用 lora 代替训练全部权重。", "减少这台机器上同时运行的任务。"],
      },
      training_failed: {
        title: "机器无法完成训练",
        happened: "训练因机器或软件错误而结束，连续多次如此。",
        fix: ["下面的说明和事件指出了位置。", "用 tunesmith doctor 检查磁盘和设备。", "然后复制任务并重新运行。"],
      },
      training_process_crashed: {
        title: "训练进程意外结束",
        happened: "操作系统或故障结束了训练进程，连续多次如此。",
        fix: ["检查内存：可能被其他程序占用。", "服务器日志里有更多信息；tunesmith doctor 可以检查机器。", "然后复制任务并重新运行。"],
      },
      validation_process_crashed: {
        title: "读取文件的进程意外结束",
        happened: "读取文件的进程被结束，连续多次如此，因此无法检查文件。",
        fix: ["非常大的文件可能需要超出现有的内存：请拆分它。", "打开文件报告，看看文件能否读取。"],
      },
      worker_failed: {
        title: "工作进程遇到错误",
        happened: "负责训练的程序遇到了无法继续的错误，连续多次如此。",
        fix: ["下面的说明指出了错误；服务器日志里有更多信息。", "用 tunesmith doctor 检查机器。", "然后复制任务并重新运行。"],
      },
      worker_lost: {
        title: "与工作进程失去联系",
        happened: "负责训练的机器或程序连续多次失去响应，任务无法完成。",
        fix: ["看看机器是否开着、工作进程是否在运行。", "然后复制任务并重新运行。"],
      },
      other: {
        title: "任务失败",
        happened: "任务因错误而结束。",
        fix: ["下面是已知的说明；之前发生的事见事件。"],
      },
    },
  },
});
