/**
 * Deletes every native build of uWebSockets.js but the one that the running Node loads: the
 * package holds builds for all platforms and Node versions (257 MB), an image needs one (about 5).
 *
 *   node scripts/prune-native.mjs [node_modules folder]
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(process.argv[2] ?? 'node_modules', 'uWebSockets.js');
const needed = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
const builds = readdirSync(folder).filter((name) => name.endsWith('.node'));

// Check before deleting: an empty package is harder to understand than this message.
if (!builds.includes(needed)) {
  const versions = `Node ${process.version} on ${process.platform} ${process.arch}`;
  console.error(
    `cannot prune ${folder}: it has no ${needed} (${versions}; use Node 20, 22, 24 or 25 with glibc)`,
  );
  process.exit(1);
}
for (const name of builds) if (name !== needed) rmSync(join(folder, name));

const digest = createHash('sha256')
  .update(readFileSync(join(folder, needed)))
  .digest('hex');
console.log(`kept ${needed} (sha256 ${digest}), deleted ${builds.length - 1} builds`);
