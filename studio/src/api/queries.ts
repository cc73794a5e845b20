import { QueryClient } from "@tanstack/react-query";
import { asFailure } from "~/api/failure";

/** Asked again where the server is away; never where it has said no. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => asFailure(error).isAway && count < 30,
      retryDelay: (count) => Math.min(500 * 1.5 ** count, 5_000),
    },
    mutations: { retry: false },
  },
});
