/** `q`: part of the names that are looked for. */
export type ModelsSearch = { q?: string };

export function readSearch(search: Record<string, unknown>): ModelsSearch {
  return search.q === undefined || search.q === "" ? {} : { q: String(search.q) };
}
