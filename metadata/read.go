package metadata

import (
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"formwork/engine/fault"
)

// Limits of one JSON text from outside.
type Limits struct {
	Bytes int // 0: none, it was bounded as it came in
	Depth int // nested arrays and objects
}

// maxNumber is how many characters a number may have, and maxExponent how far its
// point may be moved: what computes with big numbers stays cheap.
const (
	maxNumber   = 64
	maxExponent = 400
)

// Sane reports whether a number is short enough to be computed with.
func Sane(n json.Number) bool {
	if len(n) > maxNumber {
		return false
	}
	for i := range len(n) {
		if n[i] == 'e' || n[i] == 'E' {
			exponent, err := strconv.Atoi(string(n[i+1:]))
			return err == nil && -maxExponent <= exponent && exponent <= maxExponent
		}
	}
	return true
}

// ReadJSON decodes one JSON value into nil, bool, json.Number, string, []any and
// map[string]any, which share nothing with the text. It is the parser of everything
// that comes from outside, and refuses what encoding/json lets pass: text that is not
// UTF-8, half a surrogate pair, a member twice in an object, and numbers of absurd
// size. Faults, all Malformed, with line and column in characters from 1 and the
// pointer of the value: json.empty, json.syntax, json.trailing, json.depth,
// json.twice, json.number, json.utf8, json.control; metadata.too_large (TooLarge).
func ReadJSON(raw []byte, limits Limits) (any, *fault.Fault) {
	if limits.Bytes > 0 && len(raw) > limits.Bytes {
		return nil, fault.New(fault.TooLarge, "metadata.too_large", "max", limits.Bytes)
	}
	p := parser{text: raw, depth: limits.Depth, limit: limits.Depth}
	p.space()
	if p.at == len(raw) {
		return nil, fault.New(fault.Malformed, "json.empty")
	}
	v, problem := p.value()
	if problem != nil {
		return nil, problem
	}
	p.space()
	if p.at < len(raw) {
		return nil, p.fault("json.trailing")
	}
	return v, nil
}

// parser reads a text from at on.
type parser struct {
	text  []byte
	at    int
	depth int // how deep it may still go
	limit int // how deep it might go at first
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

func (p *parser) value() (any, *fault.Fault) {
	switch c := p.peek(); {
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
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
	return nil, p.fault("json.syntax")
}

var words = []struct {
	text  string
	value any
}{{"true", true}, {"false", false}, {"null", nil}}

func (p *parser) object() (any, *fault.Fault) {
	if p.depth == 0 {
		return nil, p.fault("json.depth", "max", p.limit)
	}
	p.depth--
	p.at++
	p.space()
	object := map[string]any{}
	if p.peek() == '}' {
		return p.end(object)
	}
	for {
		if p.peek() != '"' {
			return nil, p.fault("json.syntax")
		}
		start := p.at
		name, problem := p.string()
		if problem != nil {
			return nil, problem
		}
		if _, twice := object[name]; twice {
			p.at = start
			return nil, p.fault("json.twice", "name", name).At("/" + EscapePointer(name))
		}
		p.space()
		if p.peek() != ':' {
			return nil, p.fault("json.syntax")
		}
		p.at++
		p.space()
		v, problem := p.value()
		if problem != nil {
			return nil, problem.Under("/" + EscapePointer(name))
		}
		object[name] = v
		p.space()
		switch p.peek() {
		case ',':
			p.at++
			p.space()
		case '}':
			return p.end(object)
		default:
			return nil, p.fault("json.syntax")
		}
	}
}

// end leaves an object or array.
func (p *parser) end(whole any) (any, *fault.Fault) {
	p.at++
	p.depth++
	return whole, nil
}

func (p *parser) array() (any, *fault.Fault) {
	if p.depth == 0 {
		return nil, p.fault("json.depth", "max", p.limit)
	}
	p.depth--
	p.at++
	p.space()
	array := []any{}
	if p.peek() == ']' {
		return p.end(array)
	}
	for {
		v, problem := p.value()
		if problem != nil {
			return nil, problem.Under("/" + strconv.Itoa(len(array)))
		}
		array = append(array, v)
		p.space()
		switch p.peek() {
		case ',':
			p.at++
			p.space()
		case ']':
			return p.end(array)
		default:
			return nil, p.fault("json.syntax")
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
		return nil, p.fault("json.syntax")
	}
	if p.peek() == '.' {
		p.at++
		if !digits() {
			return nil, p.fault("json.syntax")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if !digits() {
			return nil, p.fault("json.syntax")
		}
	}
	number := json.Number(p.text[start:p.at])
	if !Sane(number) {
		p.at = start
		return nil, p.fault("json.number")
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
				return "", p.fault("json.utf8")
			}
			p.at++
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fault("json.control")
		case c >= utf8.RuneSelf:
			plain = false
		}
		p.at++
	}
	return "", p.fault("json.syntax")
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
				return "", p.fault("json.utf8")
			}
			p.at++
			return string(out), nil
		case c < ' ':
			return "", p.fault("json.control")
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
			return "", p.fault("json.syntax")
		}
		r, ok := p.unicode()
		if !ok {
			return "", p.fault("json.syntax")
		}
		out = utf8.AppendRune(out, r)
	}
	return "", p.fault("json.syntax")
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
