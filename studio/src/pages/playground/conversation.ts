import { type Answer, isUnderWay } from "~/pages/playground/answer";
import type { Message } from "~/pages/playground/parameters";

/** What the user said, and what each column answered. */
export type Turn = { id: string; text: string; answers: Readonly<Record<string, Answer>> };

export const MOST_COLUMNS = 4;

/** What a column's answers are kept under: its model, and which one it is where a model stands in several columns. */
export function columnKeys(models: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return models.map((model) => {
    const count = (seen.get(model) ?? 0) + 1;
    seen.set(model, count);
    return count === 1 ? model : `${model} #${count}`;
  });
}

/**
 * What the column is asked in the turn at `index`: the system prompt, the turns that it has answered, and the user's
 * words of this turn. A turn that it did not answer is left out, because templates want the roles to alternate.
 */
export function messagesFor(turns: readonly Turn[], index: number, key: string, system: string): Message[] {
  const messages: Message[] = system.trim() === "" ? [] : [{ role: "system", content: system }];
  for (const turn of turns.slice(0, index)) {
    const answer = turn.answers[key];
    if (!isHeard(answer)) continue;
    messages.push({ role: "user", content: turn.text }, { role: "assistant", content: answer.text });
  }
  const asked = turns[index];
  if (asked) messages.push({ role: "user", content: asked.text });
  return messages;
}

/** Of a column: the first turn that it still owes an answer to, so that it can catch up; -1 for none. */
export function firstUnanswered(turns: readonly Turn[], key: string): number {
  return turns.findIndex((turn) => turn.answers[key] === undefined);
}

export function withAnswer(turns: readonly Turn[], turnId: string, key: string, answer: Answer): Turn[] {
  return turns.map((turn) => (turn.id === turnId ? { ...turn, answers: { ...turn.answers, [key]: answer } } : turn));
}

export function isAnyUnderWay(turns: readonly Turn[]): boolean {
  return turns.some((turn) => Object.values(turn.answers).some(isUnderWay));
}

function isHeard(answer: Answer | undefined): answer is Answer {
  return answer !== undefined && answer.text !== "" && !isUnderWay(answer);
}
