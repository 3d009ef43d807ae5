/** Prints docs/options.md: every option and every key of a source, from the tables of src/config. */

import { optionsMarkdown, sourceKeysMarkdown } from '../src/config/help.js';

process.stdout.write(`# Options

Flags come before the environment, the environment before the file (\`--config weft.yaml\`), the file
before the default. Every mistake is reported at once, one line each, and weft ends with exit code 78.

${optionsMarkdown()}
## Sources

Keys of one entry of \`sources:\` in the file. A key that is absent takes the default.

${sourceKeysMarkdown()}`);
