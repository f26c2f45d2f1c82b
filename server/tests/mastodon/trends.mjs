// Lists what is trending as a client of Mastodon does, by the links from page to page:
// `node trends.mjs URL LIMIT` prints a page a line, as JSON.

import { createRestAPIClient } from 'masto';

const [url, limit] = process.argv.slice(2);
const client = createRestAPIClient({ url });
for await (const page of client.v1.trends.tags.list({ limit: Number(limit) })) {
  console.log(JSON.stringify(page));
}
