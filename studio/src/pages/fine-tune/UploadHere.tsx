import { Stack } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useWords } from "~/i18n/language";
import { asLines } from "~/pages/data/upload/convert";
import { ChooseFiles } from "~/pages/data/upload/DropZone";
import { Remarks, UploadList } from "~/pages/data/upload/UploadList";
import { uploads } from "~/pages/data/upload/uploads";
import { useOwner, useUploads } from "~/pages/data/upload/useUploads";
import { uploadWords } from "~/pages/data/words";
import { sayings } from "~/pages/fine-tune/say";

/** Uploads as the Data page does, resumable and in parts; what arrives while this is shown is chosen. */
export function UploadHere({ chosen }: { chosen: (fileId: string) => void }) {
  const say = useWords(sayings);
  const words = useWords(uploadWords);
  useOwner();
  const list = useUploads();
  const [remarks, setRemarks] = useState<string[]>([]);
  const seen = useRef(new Set(list.filter((each) => each.result).map((each) => each.id)));
  const latest = useRef(chosen);
  latest.current = chosen;
  useEffect(() => {
    for (const { id, result } of list) {
      if (!result || seen.current.has(id)) continue;
      seen.current.add(id);
      latest.current(result.id);
    }
  }, [list]);
  const choose = async (files: File[]) => {
    const sent = await Promise.all(files.map(asLines));
    setRemarks(files.filter((file, index) => sent[index] !== file).map((file) => words.converted(file.name)));
    if (sent.length > 0) uploads.add(sent, "fine-tune");
  };
  return (
    <>
      <ChooseFiles choose={(files) => void choose(files)}>{say.upload}</ChooseFiles>
      {(remarks.length > 0 || list.length > 0) && (
        <Stack gap="sm" w="100%">
          <Remarks remarks={remarks} close={() => setRemarks([])} />
          <UploadList list={list} />
        </Stack>
      )}
    </>
  );
}
