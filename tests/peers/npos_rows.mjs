// Reads ESC/POS from standard input with npos and says as JSON which commands it found and the dots of all pictures
// among them, as the rows of a PBM "P4".
import npos from "npos";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const found = await npos.parser().parse(Buffer.concat(chunks));
const { width, height } = found.entries[0].data;
const stride = width / 8;
const rows = Buffer.alloc(stride * height);
for (let y = 0; y < height; y++)
  for (let x = 0; x < width; x++)
    if (found.entries[0].data.getPixel(x, y) === 0) rows[y * stride + (x >> 3)] |= 0x80 >> (x & 7);
console.log(
  JSON.stringify({
    commands: found.tree.map((node) => `${node.ascii} ${node.fn}`),
    pictures: found.entries.length,
    width,
    height,
    rows: rows.toString("base64"),
  }),
);
