import { type QueryKey, useInfiniteQuery } from "@tanstack/react-query";

type Listed<T> = { data: T[]; has_more: boolean; last_id: string | null };

/** A list of the API, page after page: `ask` gets the id that the page begins after, undefined for the first. */
export function usePaged<T>(queryKey: QueryKey, ask: (after: string | undefined) => Promise<Listed<T>>) {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => ask(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.has_more ? (page.last_id ?? undefined) : undefined),
  });
  return {
    rows: data?.pages.flatMap((page) => page.data),
    error,
    hasMore: hasNextPage,
    isAskingMore: isFetchingNextPage,
    askMore: () => void fetchNextPage(),
    again: () => void refetch(),
  };
}

export type Paged<T> = ReturnType<typeof usePaged<T>>;
