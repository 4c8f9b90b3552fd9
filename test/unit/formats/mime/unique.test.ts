import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { uniqueHtml, uniqueTextAsHtml } from '../../../../src/formats/mime/unique.js';

describe('what a message adds to its conversation', () => {
  const QUOTES = [
    '<div class="gmail_quote gmail_quote_container"><div>On Monday</div></div>',
    '<blockquote type="cite">old</blockquote>',
    '<div class="moz-cite-prefix">On Monday</div>',
    '<div id="divRplyFwdMsg" dir="ltr"><b>From:</b> x</div>',
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt"><p>From</p></div>',
    '<hr><div><b>From:</b> Ada<br></div>',
    '-----Original Message-----<br>old',
  ];
  for (const quote of QUOTES)
    it(`ends before ${quote.slice(0, 40)}`, () => {
      assert.equal(uniqueHtml(`<html><body><p>new</p>${quote}</body></html>`), '<html><body><p>new</p>');
    });

  it('is the whole where nothing stands before the quotation, or nothing is quoted', () => {
    const forwarded = '<html><body><div>  </div><blockquote type="cite">old</blockquote></body></html>';
    assert.equal(uniqueHtml(forwarded), forwarded);
    assert.equal(uniqueHtml('<p>a <b>From:</b> b</p>'), '<p>a <b>From:</b> b</p>');
  });

  it('is found in plain text, too, and made HTML', () => {
    for (const rest of ['> old', 'On 1 May 2026, Ada wrote:\n> old', '________________________________\nFrom: Ada'])
      assert.match(uniqueTextAsHtml(`new <1>\n\n${rest}`), /<body>new &lt;1&gt;<\/body>/);
    assert.match(uniqueTextAsHtml('> all of it'), /&gt; all of it/);
  });
});
