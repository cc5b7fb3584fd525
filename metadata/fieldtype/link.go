package fieldtype

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode"

	"formwork/engine/fault"
	"formwork/metadata"
)

// LinkType is an address with the text that is shown for it: of a site, a place on this one,
// an e-mail or a telephone.
type LinkType struct{}

// maxLinkLabel is the longest text of a link, in characters.
const maxLinkLabel = 255

func (LinkType) Name() string                   { return "link" }
func (LinkType) MayResult()                     {}
func (LinkType) SettingsSchema() map[string]any { return map[string]any{} }

func (LinkType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return linkValue{}, nil
}

type linkValue struct{ structured }

func (linkValue) Kind() Kind   { return LinkKind }
func (linkValue) Form() string { return "link" }

// Coerce reads {"url": …, "label": …}, as JSON text too, or an address alone.
func (linkValue) Coerce(in any) (any, *fault.Fault) {
	if blank(in) {
		return nil, nil
	}
	var address, label string
	if s, ok := in.(string); ok && !strings.HasPrefix(strings.TrimSpace(s), "{") {
		address = s
	} else {
		v, _ := fromText(in, metadata.Limits{Bytes: 64 << 10, Depth: 2})
		object, ok := v.(map[string]any)
		if !ok {
			return nil, fault.New(fault.Invalid, "field.not_a_link", "value", show(in))
		}
		for name, value := range object {
			text, ok := value.(string)
			switch {
			case name != "url" && name != "label":
				return nil, unknownPart(name, []string{"label", "url"})
			case !ok && value != nil:
				return nil, fault.New(fault.Invalid, "field.not_a_text", "value", show(value)).At("/" + name)
			case name == "url":
				address = text
			default:
				label = text
			}
		}
	}
	if problem := tooLong(label, maxLinkLabel); problem != nil {
		return nil, problem.At("/label")
	}
	link, ok := Link(address, label)
	if !ok {
		return nil, fault.New(fault.Invalid, "field.not_a_link", "value", show(address))
	}
	return link, nil
}

func (linkValue) Schema() map[string]any {
	return map[string]any{"type": "object", "required": []any{"url", "label"}, "additionalProperties": false, "properties": map[string]any{
		"url":   map[string]any{"type": "string", "format": "uri-reference", "maxLength": maxURL},
		"label": map[string]any{"type": "string", "maxLength": maxLinkLabel},
	}}
}

// WriteSchema implements Writes.
func (l linkValue) WriteSchema() map[string]any {
	object := l.Schema()
	object["required"] = []any{"url"}
	return map[string]any{"anyOf": []any{object, map[string]any{"type": "string", "format": "uri-reference", "maxLength": maxURL}}}
}

// Link is the stored form of a link. The label is one line of plain text, cut if it is too
// long; the address without one. ok is false where the address is none that may be followed.
func Link(address, label string) (link json.RawMessage, ok bool) {
	address, ok = linkAddress(strings.TrimSpace(address))
	if !ok {
		return nil, false
	}
	label = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, label))
	if label == "" {
		label = address
	}
	if runes := []rune(label); len(runes) > maxLinkLabel {
		label = string(runes[:maxLinkLabel])
	}
	dst := metadata.AppendString([]byte(`{"url":`), address)
	dst = metadata.AppendString(append(dst, `,"label":`...), label)
	return append(dst, '}'), true
}

// linkAddress is an address that may be followed, with what no address holds written as %XX:
// one of a site (http, https), mailto, tel, or a path on this site that begins with one "/".
// Others, such as those that run scripts or lead to the host of another's choice without
// saying so, are none.
func linkAddress(s string) (address string, ok bool) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", false
	}
	if scheme, rest, given := strings.Cut(s, ":"); given && !strings.ContainsAny(scheme, "/?#") {
		s = strings.ToLower(scheme) + ":" + rest
	}
	s = escapedAddress(s)
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURL {
		return "", false
	}
	switch u.Scheme {
	case "http", "https":
		ok = u.Host != "" && u.User == nil
	case "mailto", "tel":
		ok = u.Opaque != "" && u.Opaque[0] != '/'
	case "":
		ok = strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
	}
	return s, ok
}

// escapedAddress writes characters that stand in no address as %XX. A backslash is one: some
// readers take it for "/".
func escapedAddress(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
