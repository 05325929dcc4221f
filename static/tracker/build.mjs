// Builds the two bundles that the collector embeds: TypeScript to ES5 with tsc, then one file each with esbuild.
//   node build.mjs            writes divolte.js (minified, no logging) and divolte.debug.js (readable, can log)
//   node build.mjs --check    fails if the files are not what the source builds to
//   node build.mjs --compile  only the first step, which the tests need
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

/** Bytes of the minified bundle as it travels, at most: a page should not notice the script. */
const BROTLI_BYTES_MAX = 4096;

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

function compile() {
  rmSync(join(here, "out"), { recursive: true, force: true });
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
  execFileSync(process.execPath, [tsc, "--project", here], { stdio: "inherit" });
}

async function bundle(debug) {
  const { build } = await import("esbuild");
  const result = await build({
    absWorkingDir: here,
    entryPoints: ["out/main.js"],
    bundle: true,
    write: false,
    format: "iife",
    target: "es5",
    charset: "utf8",
    minify: !debug,
    define: { DEBUG: String(debug) },
    legalComments: "none",
    banner: { js: "/* Headwater, a clickstream collector. Apache-2.0 */" },
  });
  const text = result.outputFiles[0].text;
  const marks = text.split("HEADWATER_SETTINGS").length - 1;
  if (marks !== 1) throw new Error(`the settings must be read in exactly one place, not ${marks}`);
  const size = brotliCompressSync(text).length;
  if (!debug && size > BROTLI_BYTES_MAX) throw new Error(`${size} bytes in brotli, at most ${BROTLI_BYTES_MAX}`);
  return text;
}

compile();
if (!process.argv.includes("--compile")) {
  let stale = false;
  for (const [name, debug] of [["divolte.js", false], ["divolte.debug.js", true]]) {
    const text = await bundle(debug);
    const path = join(here, name);
    if (process.argv.includes("--check")) {
      let known = "";
      try {
        known = readFileSync(path, "utf8");
      } catch {}
      if (known !== text) {
        console.error(`${name} is not what the source builds to: npm run build`);
        stale = true;
      }
    } else {
      writeFileSync(path, text);
      console.log(`${name}: ${Buffer.byteLength(text)} bytes`);
    }
  }
  if (stale) process.exit(1);
}
