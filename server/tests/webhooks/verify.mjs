// Checks a delivery as a receiver does: `node verify.mjs SECRET FILE`, of a file with the `headers` and the
// `body` of a request as JSON; prints what it says, or ends with status 1.

import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const [secret, file] = process.argv.slice(2);
const { headers, body } = JSON.parse(readFileSync(file, 'utf8'));
console.log(JSON.stringify(new Webhook(secret).verify(body, headers)));
