import { MOST_COLUMNS } from "~/pages/playground/conversation";

export type PlaygroundSearch = { models?: string };

/** The models in an address: `a,b`. A comma or a percent sign in a name is written `%2C` and `%25`. */
export function modelsOf(search: string | undefined): string[] {
  return (search ?? "").split(",").map((each) => decoded(each.trim())).filter(Boolean).slice(0, MOST_COLUMNS);
}

export function modelsSearch(models: readonly string[]): string {
  return models.map((model) => model.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
}

/** What the router makes of the address: a model called `123` arrives as a number. `model` is another word for one of them. */
export function readSearch(search: Record<string, unknown>): PlaygroundSearch {
  const models = search.models ?? search.model;
  if (Array.isArray(models)) return { models: modelsSearch(models.map(String)) };
  return models === undefined || models === null || models === "" ? {} : { models: String(models) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
