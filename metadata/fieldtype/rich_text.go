package fieldtype

import (
	"errors"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"

	"formwork/engine/fault"
	"formwork/metadata"
)

// RichTextType is formatted text: HTML of which only what is known to be harmless is
// kept, so that it can be put into a page as it is stored.
type RichTextType struct{}

// Bounds of what is sent, in bytes: pasted text brings much that is thrown away.
const (
	markupTimes = 4 // for each character that the text may have
	maxMarkup   = 3 << 20
)

func (RichTextType) Name() string { return "rich_text" }

// AlsoCalled implements Called.
func (RichTextType) AlsoCalled() []string {
	return []string{"html", "wysiwyg"}
}

func (RichTextType) SettingsSchema() map[string]any {
	return map[string]any{
		"max_length": countSetting("Longest", "How many characters the text may have, with its marks.", 1, maxLongText, usualLongText),
	}
}

// ShownSettings implements Shows.
func (RichTextType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("max_length")
}

func (RichTextType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	max, problems := longest(f)
	switch {
	case problems != nil:
		return nil, problems
	case max > maxOrdered:
		return unorderedRichText{richTextValue{max: max}}, nil
	}
	return richTextValue{max: max}, nil
}

// harmless is what is kept: structure and emphasis, tables, and links that leave the
// page. No styles, no scripts, no frames, no forms; no pictures, which would tell their
// server who reads the text.
var harmless = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "div", "span", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code",
		"b", "strong", "i", "em", "u", "s", "del", "ins", "sub", "sup", "mark", "small", "ul", "ol", "li", "dl", "dt", "dd",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[1-9][0-9]?$`)).OnElements("td", "th")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,5}$`)).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(false)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	return p
}()

type richTextValue struct {
	textual
	max int
}

// unorderedRichText is one that may be too long to be compared.
type unorderedRichText struct{ richTextValue }

func (unorderedRichText) Unordered() {}

// Form keeps other texts, which were not cleaned, from being read as markup.
func (richTextValue) Form() string { return "html" }

// Coerce keeps what is harmless. Cleaning what was cleaned changes nothing. Text that
// shows nothing is empty.
func (v richTextValue) Coerce(in any) (any, *fault.Fault) {
	s, problem := plain(in, true)
	if problem != nil {
		return nil, problem
	}
	most := min(markupTimes*max(v.max, usualLongText), maxMarkup)
	if len(s) > most {
		return nil, fault.New(fault.Invalid, "field.too_large", "max", most)
	}
	// What is left is read again: one pass may bring out marks or characters that were
	// written so as not to be seen. What does not settle is made to be tricky.
	for range cleanings {
		cleaned := bounded{left: most} // signs that are no marks get longer
		if harmless.SanitizeReaderToWriter(strings.NewReader(s), &cleaned) != nil {
			return nil, fault.New(fault.Invalid, "field.too_large", "max", most)
		}
		clean, problem := plain(cleaned.String(), true)
		if problem != nil {
			return nil, problem
		}
		if clean == s {
			return v.kept(clean)
		}
		s = clean
	}
	return nil, fault.New(fault.Invalid, "field.bad_markup")
}

// cleanings bounds how often a text is cleaned; the last one has to change nothing.
const cleanings = 5

// bounded keeps what is written, up to a number of bytes.
type bounded struct {
	strings.Builder
	left int
}

var errTooLarge = errors.New("more is written than is kept")

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errTooLarge
	}
	return b.Builder.Write(p)
}

func (b *bounded) WriteString(s string) (int, error) {
	if b.left -= len(s); b.left < 0 {
		return 0, errTooLarge
	}
	return b.Builder.WriteString(s)
}

// kept is a clean text in stored form.
func (v richTextValue) kept(clean string) (any, *fault.Fault) {
	if strings.TrimSpace(v.Words(clean)) == "" {
		return nil, nil
	}
	if problem := tooLong(clean, v.max); problem != nil {
		return nil, problem
	}
	return clean, nil
}

// Words is the text without its marks; blocks are lines of their own.
func (richTextValue) Words(stored any) string {
	var b strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(stored.(string)))
	for {
		switch tokens.Next() {
		case html.ErrorToken: // the end: a text in memory has no other error
			return b.String()
		case html.TextToken:
			b.Write(tokens.Text())
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			if name, _ := tokens.TagName(); !inline[string(name)] {
				b.WriteByte('\n')
			}
		}
	}
}

// inline marks stand within a word.
var inline = map[string]bool{"a": true, "b": true, "strong": true, "i": true, "em": true, "u": true, "s": true, "del": true, "ins": true,
	"sub": true, "sup": true, "mark": true, "small": true, "span": true, "code": true}

func (v richTextValue) Schema() map[string]any {
	return map[string]any{"type": "string", "contentMediaType": "text/html", "maxLength": v.max}
}
