package catalog

import (
	"strings"

	"formwork/engine/expression"
)

// splitPath splits "account.name" into steps.
func splitPath(path string) []string { return strings.Split(path, ".") }

// mentions lists the dotted names that an expression seems to read, "user" and
// "old" among the first steps. It is read off the text, before anything can be
// compiled: what it finds too much costs nothing but an order of compiling.
func mentions(source string) [][]string {
	var found [][]string
	s := scanner{text: source}
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == '"' || c == '\'' || c == '`':
			s.skipQuoted(c)
		case c == '/' && s.follows("//"):
			s.skipTo("\n")
		case c == '/' && s.follows("/*"):
			s.skipTo("*/")
		case letter(c):
			member := s.afterDot()
			if path := s.path(); !member && len(path) > 0 {
				found = append(found, path)
			}
		case digit(c):
			for s.at < len(s.text) && (letter(s.text[s.at]) || digit(s.text[s.at])) {
				s.at++
			}
		default:
			s.at++
		}
	}
	return found
}

type scanner struct {
	text string
	at   int
}

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

func (s *scanner) follows(prefix string) bool { return strings.HasPrefix(s.text[s.at:], prefix) }

func (s *scanner) skipTo(end string) {
	i := strings.Index(s.text[s.at+1:], end)
	if i < 0 {
		s.at = len(s.text)
		return
	}
	s.at += 1 + i + len(end)
}

func (s *scanner) skipQuoted(quote byte) {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case quote:
			s.at++
			return
		case '\\':
			if quote != '`' {
				s.at++
			}
		}
	}
}

// afterDot reports whether what comes is a member of something that has no name.
func (s *scanner) afterDot() bool {
	before := strings.TrimRight(s.text[:s.at], " \t\r\n")
	return strings.HasSuffix(before, ".") && !strings.HasSuffix(before, "..")
}

func (s *scanner) word() string {
	start := s.at
	for s.at < len(s.text) && (letter(s.text[s.at]) || digit(s.text[s.at])) {
		s.at++
	}
	return s.text[start:s.at]
}

func (s *scanner) skipSpace() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

// path reads name.name.name; the name of a function that is called is left out.
func (s *scanner) path() []string {
	path := []string{s.word()}
	for {
		s.skipSpace()
		switch {
		case s.at < len(s.text) && s.text[s.at] == '(':
			return path[:len(path)-1]
		case s.follows("?."):
			s.at += 2
		case s.follows(".") && !s.follows(".."):
			s.at++
		default:
			return path
		}
		s.skipSpace()
		word := s.word()
		if word == "" {
			return path
		}
		path = append(path, word)
	}
}

// walk follows the names that an expression mentions and calls visit with each
// field reached, or with ok false where a name is not found.
func walk(source string, scope expression.Scope, visit func(on expression.Names, name string, ok bool)) {
	for _, path := range mentions(source) {
		on := scope.Record
		switch {
		case path[0] == "old" && scope.Old:
			path = path[1:]
		case path[0] == "user" && scope.User != nil:
			on, path = scope.User, path[1:]
		case path[0] == "record" && scope.Draft != nil:
			on, path = scope.Draft, path[1:]
		}
		for _, name := range path {
			if on == nil {
				break
			}
			symbol, ok := on.Symbol(name)
			visit(on, name, ok)
			if !ok {
				break
			}
			on = symbol.Target
		}
	}
}

// readsBroken reports whether an expression mentions a field that has a problem
// of its own: that problem is told once, where it is.
func (b *builder) readsBroken(source string, scope expression.Scope) bool {
	broken := false
	walk(source, scope, func(on expression.Names, name string, ok bool) {
		broken = broken || b.broken[on.Object()+"."+name]
	})
	return broken
}
