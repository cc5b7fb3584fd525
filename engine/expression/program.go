package expression

import (
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// Program is a compiled expression. Immutable, safe for concurrent use.
type Program struct {
	source    string
	kind      fieldtype.Kind
	scale     int
	paths     []Path
	clock     bool
	user      bool
	queryable bool
}

// Compile makes a program of an expression, or says everything that is wrong with it.
func Compile(source string, scope Scope) (*Program, []Problem) {
	return nil, []Problem{{Code: "expression.syntax", Line: 1, Column: 1}}
}

// Fault is the problem as a fault at a JSON pointer.
func (p Problem) Fault(pointer string) *fault.Fault {
	return fault.New(fault.Invalid, p.Code).At(pointer)
}

// Source is the text the program was compiled from.
func (p *Program) Source() string { return p.source }

// Kind is the kind of the result.
func (p *Program) Kind() fieldtype.Kind { return p.kind }

// Scale of a NumberKind result; -1 if it is not fixed.
func (p *Program) Scale() int { return p.scale }

// Paths lists every field read, in order of appearance, once each.
func (p *Program) Paths() []Path { return p.paths }

// UsesClock reports whether the result depends on today() or now().
func (p *Program) UsesClock() bool { return p.clock }

// UsesUser reports whether the result depends on the user.
func (p *Program) UsesUser() bool { return p.user }

// Queryable reports whether Filter works.
func (p *Program) Queryable() bool { return p.queryable }

// Eval runs the program; nil is empty.
func (p *Program) Eval(env Env) (any, error) { return nil, nil }

// Holds reports whether a condition is true.
func (p *Program) Holds(env Env) (bool, error) { return false, nil }

// Filter is the condition as a filter.
func (p *Program) Filter(env Env) (query.Filter, error) { return query.Nothing, nil }
