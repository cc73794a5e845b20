import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Kept } from "~/pages/playground/kept";
import { setUpOf } from "~/pages/playground/link";
import { modelsOf, modelsSearch } from "~/pages/playground/search";
import { type Playground, playgroundOf } from "~/pages/playground/store";
import { useSession } from "~/session";

export function usePlayground(): { playground: Playground; kept: Kept } {
  const { me } = useSession();
  const playground = playgroundOf(me?.project_id ?? "");
  return { playground, kept: useSyncExternalStore(playground.subscribe, playground.get) };
}

/**
 * The columns' models. The address has the last word; where it names none, those of the last visit, else a first choice.
 * A link's set-up is taken over once and leaves the address, which stays short.
 */
export function useColumns(playground: Playground, kept: Kept, known: readonly Known[] | undefined) {
  const search = useSearch({ from: "/playground" });
  const navigate = useNavigate({ from: "/playground" });
  const models = useMemo(() => modelsOf(search.models), [search.models]);
  const setModels = (next: readonly string[]) => void navigate({ search: { models: modelsSearch(next) }, replace: true });

  useEffect(() => {
    const setUp = setUpOf(window.location.hash);
    if (!setUp) return;
    playground.set(setUp);
    void navigate({ search: (now) => now, hash: "", replace: true });
  }, [playground, navigate]);
  useEffect(() => {
    if (models.length > 0) return playground.set({ models });
    const first = kept.models.length > 0 ? kept.models : known ? firstChoice(known) : [];
    if (first.length > 0) void navigate({ search: { models: modelsSearch(first) }, hash: true, replace: true });
  }, [models, known, playground, navigate]);
  return { models, setModels };
}

type Known = { id: string; base_model?: string | null };

/** The newest tuned model beside the base model it was made from, or the first base model alone. */
export function firstChoice(known: readonly Known[]): string[] {
  const tuned = known.filter((each) => each.base_model).at(-1);
  if (tuned?.base_model) return [tuned.base_model, tuned.id];
  return known.slice(0, 1).map((each) => each.id);
}
