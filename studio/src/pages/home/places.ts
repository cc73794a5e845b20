/** Where a link leads to, below `/studio`. The router knows no type for the search of a place that is put together. */
export type Place = { to: string; search?: never };

export const dataPlace: Place = { to: "/data" };
export const fineTunePlace: Place = { to: "/fine-tune" };
export const jobsPlace: Place = { to: "/jobs" };
export const keyPlace: Place = { to: "/settings" };
export const keysPlace: Place = { to: "/settings/keys" };

export function jobPlace(id: string): Place {
  return { to: `/jobs/${encodeURIComponent(id)}` };
}

export function playgroundPlace(model: string): Place {
  return { to: "/playground", search: { model } as never };
}
