/** A name that the data leaves open, such as {{name}} or <AUTHOR>; keys as the API has them. */
export type OpenName = { name: string; written: string; num_rows: number };

/** What is to be filled by one value; `ofFirst`: only so many rows were looked through. */
export type NameToFill = { name: string; written: readonly OpenName[]; ofFirst: number | null };

/** Names of the first rows, and those that came to light when the whole file was made. */
export function namesToFill(inPreview: readonly OpenName[], numSeen: number, inFile: readonly OpenName[]): NameToFill[] {
  const names = new Set([...inFile, ...inPreview].map((each) => each.name));
  return [...names].map((name) => {
    const written = inFile.filter((each) => each.name === name);
    if (written.length > 0) return { name, written, ofFirst: null };
    return { name, written: inPreview.filter((each) => each.name === name), ofFirst: numSeen };
  });
}

/** As an import takes it: a name without a value stays open. */
export function fillOf(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ""));
}
