import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { asFailure, type Failure } from "~/api/failure";
import { bodyOf, type Draft, EMPTY, isChosen, type JobBody, problemsOf, type Step, STEPS, withDefaults } from "~/pages/fine-tune/draft";
import { type Kept, keep, recall } from "~/pages/fine-tune/kept";
import { type FieldProblem, fromFailure, fromPreview } from "~/pages/fine-tune/problems";
import { baseModelsQuery, type Preview, tunedModelsQuery, usePreview, useReport } from "~/pages/fine-tune/queries";
import type { SettingName } from "~/pages/fine-tune/settings";

export type Notice = { kind: "cloned" | "loaded" | "cleared" | "cloneFailed"; name: string; leftOut: string[]; before: Kept | null };

type Setup = {
  projectId: string;
  /** With the defaults of what nobody chose. */
  draft: Draft;
  /** The steps that were looked at, or on which something was chosen. */
  settled: ReadonlySet<Step>;
  body: JobBody;
  problems: FieldProblem[];
  /** What the server makes of the draft, or of the one before while it is asked. */
  preview: Preview | null;
  isAsking: boolean;
  /** No setting has a value yet, and the server is at it. */
  isReckoning: boolean;
  /** Why it could not be asked. */
  previewFailure: Failure | null;
  startedAs: string | null;
  attempt: Kept["attempt"];
  notice: Notice | null;
  /** The base model whose tokenizer counts, where it is known. */
  baseModel: string | null;
  startsFromTuned: boolean;
  change: (part: Partial<Draft>) => void;
  /** A step was looked at. */
  leave: (step: Step) => void;
  changeSetting: (name: SettingName, text: string) => void;
  /** Another draft takes this one's place; `notice` says so, and offers the way back. */
  replace: (draft: Draft, notice: Omit<Notice, "before">) => void;
  note: (part: Partial<Pick<Kept, "startedAs" | "attempt">>) => void;
  undo: () => void;
  dismiss: () => void;
  tell: (notice: Notice) => void;
};

const SetupContext = createContext<Setup | null>(null);
const WAIT_MS = 350;

export function SetupProvider({ projectId, children }: { projectId: string; children: ReactNode }) {
  const [kept, setKept] = useState<Kept>(() => recall(projectId));
  const [notice, setNotice] = useState<Notice | null>(null);
  useEffect(() => keep(projectId, kept), [projectId, kept]);

  const bases = useQuery(baseModelsQuery);
  const tuned = useQuery(tunedModelsQuery);
  const draft = useDefaults(kept.draft, bases, tuned.data?.data ?? []);
  const settled = useMemo(() => new Set(STEPS.filter((step) => kept.seen.includes(step) || isChosen(kept.draft, step))), [kept]);
  const leave = useCallback((step: Step) => {
    setKept((before) => (before.seen.includes(step) ? before : { ...before, seen: [...before.seen, step] }));
  }, []);
  const change = useCallback((part: Partial<Draft>) => {
    setKept((before) => ({ ...before, startedAs: null, draft: { ...before.draft, ...part } }));
  }, []);
  const changeSetting = useCallback((name: SettingName, text: string) => {
    setKept((before) => {
      const { [name]: _, ...others } = before.draft.settings;
      return { ...before, startedAs: null, draft: { ...before.draft, settings: text === "" ? others : { ...others, [name]: text } } };
    });
  }, []);
  const replace = useCallback((next: Draft, said: Omit<Notice, "before">) => {
    setKept((before) => {
      setNotice({ ...said, before: isEmpty(before.draft) ? null : before });
      return { draft: next, startedAs: null, attempt: null, seen: isEmpty(next) ? [] : STEPS };
    });
  }, []);
  const note = useCallback((part: Partial<Kept>) => setKept((before) => ({ ...before, ...part })), []);
  const undo = useCallback(() => {
    if (notice?.before) setKept(notice.before);
    setNotice(null);
  }, [notice]);
  const dismiss = useCallback(() => setNotice(null), []);

  const own = useMemo(() => problemsOf(draft), [draft]);
  const body = useMemo(() => bodyOf(draft), [draft]);
  const fingerprint = draft.model && draft.trainingFile ? JSON.stringify(body) : null;
  const [asked] = useDebouncedValue(fingerprint, WAIT_MS);
  const answer = usePreview(asked);

  const startsFromTuned = draft.model.startsWith("ft:");
  const setup = useMemo<Setup>(() => {
    const preview = fingerprint === null ? null : (answer.data ?? null);
    const failure = answer.error ? asFailure(answer.error) : null;
    const said = failure ? fromFailure(failure) : fromPreview(preview?.problems ?? []);
    const mine = new Set(own.map((problem) => problem.path));
    const isAsking = fingerprint !== null && (asked !== fingerprint || answer.isPlaceholderData || answer.isPending);
    return {
      projectId, draft, settled, body, preview, startedAs: kept.startedAs, attempt: kept.attempt, notice, startsFromTuned,
      problems: [...own, ...(fingerprint === null ? [] : said.filter((problem) => !mine.has(problem.path)))],
      isAsking, isReckoning: isReckoning(preview, isAsking),
      previewFailure: failure && said.length === 0 ? failure : null,
      baseModel: baseOf(draft.model, bases.data?.data ?? [], tuned.data?.data ?? []),
      change, leave, changeSetting, replace, note, undo, dismiss, tell: setNotice,
    };
  }, [projectId, draft, settled, body, fingerprint, asked, answer.data, answer.error, answer.isPlaceholderData, answer.isPending, own, kept, notice, startsFromTuned, bases.data, tuned.data, change, leave, changeSetting, replace, note, undo, dismiss]);
  return <SetupContext.Provider value={setup}>{children}</SetupContext.Provider>;
}

export function useSetup(): Setup {
  const setup = useContext(SetupContext);
  if (!setup) throw new Error("there is no setup here");
  return setup;
}

/** The draft with the defaults that the server's models and the training file give. */
function useDefaults(chosen: Draft, bases: { isPending: boolean; data?: { data: readonly Base[] } }, tuned: readonly Tuned[]): Draft {
  const known = bases.data?.data ?? [];
  const usual = known.find((each) => each.is_default && each.is_available)?.id ?? null;
  // The report is asked for by the model, as the steps do: it is made once.
  const isAsked = chosen.validation === "unset" && !bases.isPending;
  const report = useReport(isAsked ? chosen.trainingFile : "", baseOf(chosen.model || (usual ?? ""), known, tuned), null);
  const numRows = report.error || report.data?.status === "failed" ? 0 : report.data?.status === "completed" ? report.data.num_rows : null;
  return useMemo(() => withDefaults(chosen, usual, numRows), [chosen, usual, numRows]);
}

export function isReckoning(preview: Pick<Preview, "resolved" | "is_waiting_for_report"> | null, isAsking: boolean): boolean {
  return preview ? (isAsking || preview.is_waiting_for_report) && Object.keys(preview.resolved).length === 0 : isAsking;
}

function isEmpty(draft: Draft): boolean {
  return JSON.stringify(draft) === JSON.stringify(EMPTY);
}

type Base = { id: string; aliases: string[]; is_default: boolean; is_available: boolean };
type Tuned = { id: string; base_model?: string | null };

/** Reports count by a base model's tokenizer; a checkpoint is called like its model, with an ending. */
function baseOf(model: string, bases: readonly Base[], tuned: readonly Tuned[]): string | null {
  const base = bases.find(({ id, aliases }) => id === model || aliases.includes(model));
  if (base) return base.id;
  const name = model.replace(/:ckpt-step-\d+$/, "");
  return tuned.find((each) => each.id === name)?.base_model ?? bases.find(({ id }) => model.startsWith(`ft:${id}:`))?.id ?? null;
}
