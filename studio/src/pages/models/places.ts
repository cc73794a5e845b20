type Place = { to: string };

export function jobPlace(id: string): Place {
  return { to: `/jobs/${encodeURIComponent(id)}` };
}

export function filePlace(id: string): Place {
  return { to: `/data/${encodeURIComponent(id)}` };
}
