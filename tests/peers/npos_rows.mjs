// Reads ESC/POS from standard input with npos and says as JSON which commands it found and the dots of all pictures
// among them, each as the rows of a PBM "P4".
import npos from "npos";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const found = await npos.parser().parse(Buffer.concat(chunks));

// One by one: npos takes pictures that follow each other for one, all of them as wide as the widest.
const pictures = found.entries.flatMap(({ codec, nodes }) => nodes.map((node) => codec.decode(found.raw, [node])));

function dots(picture) {
  const { width, height } = picture;
  const stride = width / 8;
  const rows = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (picture.getPixel(x, y) === 0) rows[y * stride + (x >> 3)] |= 0x80 >> (x & 7);
  return { stride, rows: rows.toString("base64") };
}

console.log(
  JSON.stringify({
    commands: found.tree.map((node) => `${node.ascii} ${node.fn}`),
    pictures: pictures.map(dots),
  }),
);
