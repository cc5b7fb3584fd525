package fieldtype_test

import (
	"strings"
	"testing"
)

// How long the longest markup takes that is taken, however it is written.
func BenchmarkRichTextOfTheLongest(b *testing.B) {
	v := mustBind(b, `{"type":"rich_text","max_length":1000000}`)
	const bytes = 3 << 20
	for name, part := range map[string]string{
		"words": "<p>word</p>", "nested": "<b>", "closed": "</b>", "links": `<a href="https://x.example/?a=1">x</a>`, "entities": "&amp;lt;",
		"comments": "<!-- x -->", "opened comments": "<!--", "scripts": "<script>x</script>", "opened scripts": "<script>", "lists": "<li><ul>", "broken": "<<", "attributes": "<p", "marks": "<x", "cdata": "<![CDATA[",
		"textareas": "<textarea>", "slashes": "</", "quotes": "<a href='", "han": "字",
	} {
		text := strings.Repeat(part, bytes/len(part))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				_, _ = v.Coerce(text)
			}
		})
	}
	text := "<p " + strings.Repeat("a=1 ", bytes/4) + ">x"
	b.Run("one mark", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = v.Coerce(text)
		}
	})
}
