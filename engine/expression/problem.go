package expression

import (
	"errors"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"

	"formwork/engine/fault"
)

// maxProblems is how many problems one expression is told of.
const maxProblems = 20

// Fault is the problem as a fault at a JSON pointer. Its params hold line, column
// and suggestion besides those of the code.
func (p Problem) Fault(pointer string) *fault.Fault {
	f := fault.New(fault.Invalid, p.Code, "line", p.Line, "column", p.Column, "suggestion", p.Suggestion)
	for name, value := range p.Params {
		f.Params[name] = value
	}
	return f.At(pointer)
}

// place turns an offset in characters into a line and a column, both from 1.
func place(source string, offset int) (line, column int) {
	line, column = 1, 1
	for _, r := range source {
		if offset <= 0 {
			break
		}
		offset--
		if r == '\n' {
			line, column = line+1, 1
		} else {
			column++
		}
	}
	return line, column
}

// slice is the part of source between two offsets in characters, at most 60 of them.
func slice(source string, from, to int) string {
	var b strings.Builder
	at := 0
	for _, r := range source {
		if at >= to || at >= from+60 {
			break
		}
		if at >= from {
			b.WriteRune(r)
		}
		at++
	}
	return b.String()
}

// unreadable turns an error of expr's lexer or parser into a problem. Its messages are
// English; what they say is recognised and put in our own words.
func unreadable(source string, err error) Problem {
	var e *file.Error
	if !errors.As(err, &e) {
		return newProblem(source, "expression.syntax", 0, "token", "")
	}
	token := slice(source, e.From, e.To)
	switch {
	case strings.Contains(e.Message, "maximum allowed nodes"):
		return newProblem(source, "expression.too_many_nodes", e.From, "limit", MaxNodes)
	case strings.Contains(e.Message, "coalesce expressions"):
		return newProblem(source, "expression.mixed_coalesce", e.From, "token", token)
	case strings.Contains(e.Message, "literal not terminated"), strings.Contains(e.Message, "unclosed comment"),
		strings.Contains(e.Message, "token EOF"), strings.Contains(e.Message, "unexpected end"):
		return newProblem(source, "expression.unfinished", len([]rune(source)))
	case strings.Contains(e.Message, "bad number"), strings.Contains(e.Message, "literal:"),
		strings.Contains(e.Message, "too large"):
		return newProblem(source, "expression.bad_number", e.From, "token", token)
	case strings.Contains(e.Message, "invalid char escape"), strings.Contains(e.Message, "unescape"):
		return newProblem(source, "expression.bad_escape", e.From)
	}
	if at := ifCall(source); at >= 0 {
		p := newProblem(source, "expression.unknown_function", at, "name", "if")
		p.Suggestion = called["if"]
		return p
	}
	p := newProblem(source, "expression.syntax", e.From, "token", token)
	p.Suggestion = meant[token]
	return p
}

// ifCall finds where if is written as a function, which expr's parser takes for a
// statement; -1 if nowhere.
func ifCall(source string) int {
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return -1
	}
	for i, t := range tokens[:max(len(tokens)-1, 0)] {
		if t.Is(lexer.Operator, "if") && tokens[i+1].Is(lexer.Bracket, "(") {
			return t.From
		}
	}
	return -1
}

// meant are operators of other languages that people write.
var meant = map[string]string{"=": "==", "<>": "!=", ">": "!=", "=<": "<=", "=>": ">=", "===": "==", "&": "and", "|": "or",
	"AND": "and", "OR": "or", "NOT": "not", "IN": "in", "like": "contains", "LIKE": "contains", "is": "=="}

// called are what functions of other platforms are here.
var called = map[string]string{"and": "and", "or": "or", "not": "not", "if": "? :", "iif": "? :", "case": "? :", "isblank": "isEmpty", "isnull": "isEmpty",
	"blankvalue": "coalesce", "nullvalue": "coalesce", "ifnull": "coalesce", "ispickval": "==", "ischanged": "changed", "priorvalue": "old",
	"value": "number", "concatenate": "concat", "length": "len", "substitute": "replace", "substr": "mid", "regex": "matches",
	"datevalue": "date", "datetimevalue": "datetime", "ceiling": "ceil", "datediff": "daysBetween", "dateadd": "addDays",
	"indexof": "find", "search": "find", "lpad": "padLeft", "rpad": "padRight", "initcap": "proper",
	"trunc": "truncate", "rounddown": "truncate", "mceiling": "ceil", "mfloor": "floor", "isoweek": "week", "isoweeknum": "week", "weeknum": "week",
	"timevalue": "time", "log10": "log"}

// words are what the words of other languages are here.
var words = map[string]string{"null": "nil", "none": "nil", "undefined": "nil", "true": "true", "false": "false"}

func newProblem(source, code string, offset int, params ...any) Problem {
	p := Problem{Code: code, Params: make(map[string]any, len(params)/2)}
	for i := 0; i+1 < len(params); i += 2 {
		p.Params[params[i].(string)] = params[i+1]
	}
	p.Line, p.Column = place(source, offset)
	return p
}
