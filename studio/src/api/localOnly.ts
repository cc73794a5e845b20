/** What the server resolves as `tunesmith train` does, and does not use. */
export const LOCAL_ONLY: readonly string[] = ["eval_examples"];
