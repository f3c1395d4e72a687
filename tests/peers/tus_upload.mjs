// tus-js-client sends a file: node tus_upload.mjs < {"endpoint", "file", "headers", "metadata", "chunkSize", "parallel"}
// Says the upload's address on standard output; ends with 1 where it failed.
import fs from "node:fs";
import { Upload } from "tus-js-client";

const said = JSON.parse(fs.readFileSync(0, "utf8"));
const upload = new Upload(fs.createReadStream(said.file), {
  endpoint: said.endpoint,
  headers: said.headers,
  metadata: said.metadata,
  chunkSize: said.chunkSize ?? Infinity,
  parallelUploads: said.parallel ?? 1,
  retryDelays: null,
  onError: (fault) => {
    console.error(String(fault));
    process.exit(1);
  },
  onSuccess: () => console.log(JSON.stringify({ url: upload.url })),
});
upload.start();
