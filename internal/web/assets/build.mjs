// Copies what the console serves from node_modules and src into dist, where the Go program embeds it.
// Pictures inside style sheets (data: URIs) become files of their own, because the console's content
// security policy allows images from its own address only.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const modules = join(here, "node_modules");

for (const name of readdirSync(dist)) {
  if (name !== ".keep") rmSync(join(dist, name), { recursive: true });
}
mkdirSync(join(dist, "img"), { recursive: true });

function style(from, to) {
  const text = readFileSync(from, "utf8")
    .replace(/\/\*# sourceMappingURL=.*?\*\//g, "")
    .replace(/url\((["'])data:image\/svg\+xml,(.*?)\1\)/gs, (_, __, encoded) => {
      const svg = decodeURIComponent(encoded);
      const name = createHash("sha256").update(svg).digest("hex").slice(0, 12) + ".svg";
      writeFileSync(join(dist, "img", name), svg);
      return `url(img/${name})`;
    });
  if (/url\(\s*["']?data:/.test(text)) throw new Error(`${from}: a data: URI of an unknown form is left`);
  writeFileSync(join(dist, to), text);
}

function script(from, to) {
  const text = readFileSync(from, "utf8").replace(/\/\/# sourceMappingURL=.*\s*$/, "");
  writeFileSync(join(dist, to), text);
}

const tabler = join(modules, "@tabler/core/dist/css");
style(join(tabler, "tabler.min.css"), "tabler.css");
style(join(tabler, "tabler.rtl.min.css"), "tabler.rtl.css");
script(join(modules, "htmx.org/dist/htmx.min.js"), "htmx.js");
for (const name of readdirSync(join(here, "src"))) cpSync(join(here, "src", name), join(dist, name));
