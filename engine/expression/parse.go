package expression

import (
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
)

// parse reads an expression with expr's parser. Length, nesting and numbers are
// checked on the text and its tokens before the parser recurses on them.
func parse(source string) (ast.Node, *Problem) {
	if len(source) > MaxLength {
		p := newProblem("", "expression.too_long", 0, "limit", MaxLength)
		return nil, &p
	}
	if at := invalidAt(source); at >= 0 {
		p := newProblem(source, "expression.syntax", at, "token", "\uFFFD")
		return nil, &p
	}
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		p := unreadable(source, err)
		return nil, &p
	}
	if at := tooDeep(tokens); at >= 0 {
		p := newProblem(source, "expression.too_deep", at, "limit", MaxDepth)
		return nil, &p
	}
	for _, t := range tokens {
		if t.Kind == lexer.Number {
			if _, ok := number(t.Value); !ok {
				p := newProblem(source, "expression.bad_number", t.From, "token", t.Value)
				return nil, &p
			}
		}
	}
	tree, err := parser.ParseWithConfig(source, &conf.Config{MaxNodes: MaxNodes, Disabled: disabled})
	if err != nil {
		p := unreadable(source, err)
		return nil, &p
	}
	return tree.Node, nil
}

// Usable reports whether a name can stand in an expression: words of the language, such
// as in or nil, can't.
func Usable(name string) bool {
	node, problem := parse(name)
	_, identifier := node.(*ast.IdentifierNode)
	return problem == nil && identifier
}

// disabled are all of expr's own functions; those with a predicate are still
// parsed as such, and the checker refuses what is not on its list.
var disabled = func() map[string]bool {
	all := make(map[string]bool, len(builtin.Builtins))
	for _, f := range builtin.Builtins {
		all[f.Name] = true
	}
	return all
}()

// invalidAt finds the first character that is not UTF-8; -1 if there is none.
func invalidAt(source string) int {
	if utf8.ValidString(source) {
		return -1
	}
	at := 0
	for i, r := range source {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(source[i:]); size == 1 {
				return at
			}
		}
		at++
	}
	return -1
}

// group is what is open between two brackets: each prefix operator, power and
// question mark (also let and if, as questions) makes the parser recurse once more.
type group struct{ prefixes, powers, questions int }

// tooDeep finds the place where tokens nest more than MaxDepth; -1 if they don't.
// Chains of left-associative operators (a and b and c) don't nest.
func tooDeep(tokens []lexer.Token) int {
	open := []group{{}}
	depth, operand := 0, false // operand: the token before ended a value
	for _, t := range tokens {
		g := &open[len(open)-1]
		switch {
		case t.Is(lexer.Bracket, "(", "[", "{"):
			depth++
			open = append(open, group{})
			operand = false
		case t.Kind == lexer.Bracket:
			if len(open) > 1 {
				depth -= 1 + g.prefixes + g.powers + g.questions
				open = open[:len(open)-1]
				g = &open[len(open)-1]
			}
			depth -= g.prefixes
			g.prefixes = 0
			operand = true
		case t.Is(lexer.Operator, ","):
			depth -= g.prefixes + g.powers + g.questions
			*g = group{}
			operand = false
		case t.Is(lexer.Operator, "?", "let", "if"):
			depth++
			g.questions++
			operand = false
		case t.Is(lexer.Operator, "**", "^"):
			depth++
			g.powers++
			operand = false
		case t.Is(lexer.Operator, "-", "+", "!", "not") && !operand:
			depth++
			g.prefixes++
		case t.Kind == lexer.Operator:
			if t.Value != "." && t.Value != "?." {
				depth -= g.powers
				g.powers = 0
			}
			operand = false
		default:
			depth -= g.prefixes
			g.prefixes = 0
			operand = true
		}
		if depth > MaxDepth {
			return t.From
		}
	}
	return -1
}
