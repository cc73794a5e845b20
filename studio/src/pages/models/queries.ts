import { useQuery } from "@tanstack/react-query";
import { api, body } from "~/api/client";

export const MODELS_KEY = ["models"];

/** Base models, then the project's tuned ones, oldest first. */
export function useModels() {
  return useQuery({ queryKey: MODELS_KEY, queryFn: async () => (await body(api.GET("/v1/models"))).data });
}

export function useBaseModels() {
  return useQuery({ queryKey: ["base_models"], queryFn: async () => (await body(api.GET("/v1/base_models"))).data, staleTime: 60_000 });
}

/** One model by any of its names: of a base model, tuned model, checkpoint, or an alias. */
export function useModel(name: string) {
  return useQuery({
    queryKey: ["model", name],
    queryFn: () => body(api.GET("/v1/models/{model}", { params: { path: { model: name } } })),
    enabled: name !== "",
  });
}

export function useLineage(name: string, isWanted = true) {
  return useQuery({
    queryKey: ["lineage", name],
    queryFn: () => body(api.GET("/v1/models/{model}/lineage", { params: { path: { model: name } } })),
    enabled: isWanted && name !== "",
  });
}
