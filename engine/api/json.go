package api

import (
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/metadata"
)

// maxDepth is how deep a JSON text may be nested.
const maxDepth = 64

// parse reads a JSON text into map[string]any, []any, string, json.Number, bool
// and nil. It is stricter than encoding/json: no depth beyond maxDepth, no member
// twice in an object, nothing after the value, no text that is not UTF-8. The
// result shares nothing with the text. Faults: "api.json…" (Malformed), each with
// line and column.
func parse(raw []byte) (any, error) {
	p := parser{text: raw}
	p.space()
	if p.at == len(raw) {
		return nil, fault.New(fault.Malformed, "api.json_empty")
	}
	v, problem := p.value(0)
	if problem != nil {
		return nil, problem
	}
	p.space()
	if p.at < len(raw) {
		return nil, p.fault("api.json_trailing")
	}
	return v, nil
}

type parser struct {
	text []byte
	at   int
}

// fault tells where the parser is, in lines and characters from 1.
func (p *parser) fault(code string, params ...any) *fault.Fault {
	line, start := 1, 0
	for i, b := range p.text[:p.at] {
		if b == '\n' {
			line, start = line+1, i+1
		}
	}
	column := utf8.RuneCount(p.text[start:p.at]) + 1
	return fault.New(fault.Malformed, code, append(params, "line", line, "column", column)...)
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (any, *fault.Fault) {
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth + 1)
	case c == '[':
		return p.array(depth + 1)
	case c == '"':
		return p.string()
	case c == '-' || (c >= '0' && c <= '9'):
		return p.number()
	}
	for _, word := range words {
		if p.at+len(word.text) <= len(p.text) && string(p.text[p.at:p.at+len(word.text)]) == word.text {
			p.at += len(word.text)
			return word.value, nil
		}
	}
	return nil, p.fault("api.json_syntax")
}

var words = []struct {
	text  string
	value any
}{{"true", true}, {"false", false}, {"null", nil}}

func (p *parser) object(depth int) (any, *fault.Fault) {
	if depth > maxDepth {
		return nil, p.fault("api.json_depth", "limit", maxDepth)
	}
	p.at++
	p.space()
	object := map[string]any{}
	if p.peek() == '}' {
		p.at++
		return object, nil
	}
	for {
		if p.peek() != '"' {
			return nil, p.fault("api.json_syntax")
		}
		start := p.at
		name, problem := p.string()
		if problem != nil {
			return nil, problem
		}
		if _, twice := object[name]; twice {
			p.at = start
			return nil, p.fault("api.json_twice", "name", name)
		}
		p.space()
		if p.peek() != ':' {
			return nil, p.fault("api.json_syntax")
		}
		p.at++
		p.space()
		v, problem := p.value(depth)
		if problem != nil {
			return nil, problem
		}
		object[name] = v
		p.space()
		switch p.peek() {
		case ',':
			p.at++
			p.space()
		case '}':
			p.at++
			return object, nil
		default:
			return nil, p.fault("api.json_syntax")
		}
	}
}

func (p *parser) array(depth int) (any, *fault.Fault) {
	if depth > maxDepth {
		return nil, p.fault("api.json_depth", "limit", maxDepth)
	}
	p.at++
	p.space()
	array := []any{}
	if p.peek() == ']' {
		p.at++
		return array, nil
	}
	for {
		v, problem := p.value(depth)
		if problem != nil {
			return nil, problem
		}
		array = append(array, v)
		p.space()
		switch p.peek() {
		case ',':
			p.at++
			p.space()
		case ']':
			p.at++
			return array, nil
		default:
			return nil, p.fault("api.json_syntax")
		}
	}
}

func (p *parser) number() (any, *fault.Fault) {
	start := p.at
	digits := func() bool {
		from := p.at
		for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
			p.at++
		}
		return p.at > from
	}
	if p.peek() == '-' {
		p.at++
	}
	if p.peek() == '0' {
		p.at++
	} else if !digits() {
		return nil, p.fault("api.json_syntax")
	}
	if p.peek() == '.' {
		p.at++
		if !digits() {
			return nil, p.fault("api.json_syntax")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if !digits() {
			return nil, p.fault("api.json_syntax")
		}
	}
	number := json.Number(p.text[start:p.at])
	if !metadata.Sane(number) {
		p.at = start
		return nil, p.fault("api.json_number")
	}
	return number, nil
}

// string reads a text; most have no escapes and are copied as they are.
func (p *parser) string() (string, *fault.Fault) {
	p.at++
	start, plain := p.at, true
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			s := string(p.text[start:p.at])
			if !plain && !utf8.ValidString(s) {
				p.at = start
				return "", p.fault("api.json_utf8")
			}
			p.at++
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fault("api.json_control")
		case c >= utf8.RuneSelf:
			plain = false
		}
		p.at++
	}
	return "", p.fault("api.json_syntax")
}

// escaped reads the rest of a text that began at start and has an escape here.
func (p *parser) escaped(start int) (string, *fault.Fault) {
	out := append([]byte(nil), p.text[start:p.at]...)
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				p.at = start
				return "", p.fault("api.json_utf8")
			}
			p.at++
			return string(out), nil
		case c < ' ':
			return "", p.fault("api.json_control")
		case c != '\\':
			out = append(out, c)
			p.at++
			continue
		}
		p.at++
		if plain := escapes[p.peek()]; plain != 0 {
			out = append(out, plain)
			p.at++
			continue
		}
		if p.peek() != 'u' {
			return "", p.fault("api.json_syntax")
		}
		r, ok := p.unicode()
		if !ok {
			return "", p.fault("api.json_syntax")
		}
		out = utf8.AppendRune(out, r)
	}
	return "", p.fault("api.json_syntax")
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unicode reads uXXXX, and the second half of a pair; half a pair is no text.
func (p *parser) unicode() (rune, bool) {
	first, ok := p.hex()
	if !ok || !utf16.IsSurrogate(first) {
		return first, ok
	}
	if p.peek() != '\\' {
		return 0, false
	}
	p.at++
	if p.peek() != 'u' {
		return 0, false
	}
	second, ok := p.hex()
	r := utf16.DecodeRune(first, second)
	return r, ok && r != utf8.RuneError
}

// hex reads uXXXX.
func (p *parser) hex() (rune, bool) {
	if p.at+5 > len(p.text) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(p.text[p.at+1:p.at+5]), 16, 16)
	if err != nil {
		return 0, false
	}
	p.at += 5
	return rune(v), true
}

// appendString appends a text as JSON.
func appendString(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	raw, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		panic(err)
	}
	return append(dst, raw...)
}
