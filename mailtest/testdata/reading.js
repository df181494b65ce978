// Reads messages with mailparser and postal-mime, for the test that compares them with the tables of testdata/reading.
//
// In: lines of JSON, each a message in base64. Out: for each message an object of what the two find.
const { simpleParser } = require('mailparser');
const PostalMime = require('postal-mime').default || require('postal-mime');

const list = (addresses) => (addresses || []).flatMap((a) => a.group || [a])
  .map((a) => `${a.name || ''} <${a.address || ''}>`.trim()).join(', ');
const text = (s) => (s || '').replace(/\r\n/g, '\n');

async function mailparser(raw) {
  const m = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true });
  const to = [].concat(m.to || []).flatMap((f) => f.value);
  return {
    text: text(m.text), html: text(m.html || ''), from: list(m.from && m.from.value), to: list(to),
    Subject: m.subject || '', filename: m.attachments.map((a) => a.filename).filter(Boolean).join('|'),
  };
}

async function postal(raw) {
  const m = await PostalMime.parse(raw);
  return {
    text: text(m.text), html: text(m.html), from: list(m.from && [m.from]), to: list(m.to),
    Subject: m.subject || '', filename: m.attachments.map((a) => a.filename).filter(Boolean).join('|'),
  };
}

async function main() {
  const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean);
  for (const line of lines) {
    const raw = Buffer.from(JSON.parse(line), 'base64');
    const found = {};
    for (const [name, parse] of Object.entries({ mailparser, postal })) {
      try {
        found[name] = await parse(raw);
      } catch (e) { // what one cannot read is a difference like any other
        found[name] = { error: e.message };
      }
    }
    console.log(JSON.stringify(found));
  }
}
main();
