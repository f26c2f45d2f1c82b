// The hashtags that others find: `node networks.mjs twitter|mastodon|bluesky` reads texts, a JSON
// string a line, and answers each with its tags without hash signs, a JSON array a line.

/** With the packages that the networks themselves publish, where they do. */
const finders = {
  async twitter() {
    const { default: library } = await import('twitter-text');
    return (text) => library.extractHashtags(text);
  },

  async bluesky() {
    const { RichText } = await import('@atproto/api');
    return (text) => {
      const rich = new RichText({ text });
      rich.detectFacetsWithoutResolution();
      // A facet of a tag may be that of a cashtag as well, which has no hash sign.
      const isHashtag = ({ index }) => rich.unicodeText.utf8[index.byteStart] !== '$'.charCodeAt(0);
      return (rich.facets ?? []).filter(isHashtag).flatMap(({ features }) =>
        features.filter(({ $type }) => $type === 'app.bsky.richtext.facet#tag').map(({ tag }) => tag));
    };
  },

  // Mastodon publishes no package. This is its rule for the matcher of JavaScript, with the classes
  // that Ruby has for Unicode written out.
  async mastodon() {
    const letter = '\\p{Alphabetic}';
    const word = `${letter}\\p{M}\\p{Nd}\\p{Pc}`;
    const separator = '_\\u00B7\\u30FB\\u200C';
    const parted = `[${word}][${word}${separator}]*[${letter}${separator}][${word}${separator}]*[${word}]`;
    const whole = `[${word}]*[${letter}][${word}]*`;
    const tags = new RegExp(`(?<=^|\\p{White_Space})[#\\uFF03](${parted}|${whole})`, 'gu');
    const name = new RegExp(`^(?:${parted}|${whole})$`, 'u');
    const withoutScheme = (tag) => /^(.+)https?$/u.exec(tag)?.[1] ?? tag;
    return (text) => [...text.matchAll(tags)]
      .map(({ 0: match, 1: tag, index }) =>
        text.startsWith('://', index + match.length) ? withoutScheme(tag) : tag)
      .filter((tag) => name.test(tag)); // a tag by another name cannot be stored
  },
};

const find = await finders[process.argv[2]]();
let unfinished = '';
process.stdin.setEncoding('utf8');
for await (const read of process.stdin) {
  const lines = (unfinished + read).split('\n'); // and at nothing else: a text has other line ends in it
  unfinished = lines.pop();
  for (const line of lines) process.stdout.write(`${JSON.stringify(find(JSON.parse(line)))}\n`);
}
