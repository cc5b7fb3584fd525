// Package expression wraps expr: one language for formulas, defaults, rules,
// filters, sharing and conditions. A Program is compiled when configuration is
// published (or, for a filter in a request, once and cached by its text), typed
// against the object, limited in size, and exact in its numbers. A condition is
// also translated to a query.Filter, so that it runs in the database; Match on
// the filter and Eval of the program agree for every record.
//
// Empty values: arithmetic with one is empty; a comparison with one does not
// hold, but == nil and != (see query); and, or, not take empty as false; joining
// texts (+) takes empty as "". The empty text and the empty list are the empty
// value. Division by zero is empty; what does not fit is a fault.
//
// On the way: parse (expr's syntax tree, after limits) → checker (a typed tree of
// our own, all problems) → emitter (a tree of expr again, compiled for its machine)
// and translator (a template of a filter, bound to a user and a moment by Filter).
package expression

import (
	"time"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// Names is an object as expressions see it.
type Names interface {
	// Object is the object's name.
	Object() string
	// Symbol finds a field by the name a person writes; ok is false for what does
	// not exist or may not be used in this scope (the two look alike).
	Symbol(name string) (Symbol, bool)
	// Symbols lists what Symbol finds, sorted, for suggestions.
	Symbols() []string
}

// Symbol is a field as expressions see it.
type Symbol struct {
	Name   string
	Value  fieldtype.Value
	Column query.Column // Storage None if the field is computed when read
	// Target, for references to one object, is what a dot reaches, and Table and
	// Guard how a query goes there.
	Target Names
	Table  string
	Guard  query.Filter
	// Rows, for child rows, are the fields of a row.
	Rows Names
	// Parts, for a value of several parts, are the columns that hold them.
	Parts []Symbol
	// Formula, for fields computed when read, is the program that computes them.
	Formula *Program
	// RolledUp: the field is computed from other records when it is read. Only a program of a
	// Scope with RolledUp can have it.
	RolledUp bool
}

// Scope is what names an expression may use.
type Scope struct {
	Record Names // nil: an expression without a record (user conditions)
	User   Names // fields of user; nil: user may not be used, also by a formula that is read
	Old    bool  // old.<field> is the record before the change
	// Draft are the fields of record, the record that is being written, where Record is
	// another one that it may refer to; nil: record may not be used. To a filter they are
	// values, as those of user are.
	Draft Names
	// Roots are further names that a path may begin with, each with what it has: "input", or two
	// names with a dot between them, as in "steps.found". To a filter what they have are values.
	Roots map[string]Names
	// Constants are read as constants.<name>, unless the record has a field of that name.
	Constants Constants
	// Settings are read as settings.<name>, as Constants are. One that varies from user to
	// user reads User, and may not be used without.
	Settings Settings
	// RolledUp: fields that are computed from other records when they are read may be used, for
	// Env has their values.
	RolledUp bool
	// Result is the kind that is wanted; AnyKind takes every one. Scale rounds a
	// NumberKind result, half away from zero; -1 leaves it.
	Result fieldtype.Kind
	Scale  int
	// Queryable demands that Filter works: a problem tells the column of what can't
	// run in the database.
	Queryable bool
}

// Constants are values by their names, which are part of every program that reads them.
type Constants map[string]Constant

// Constant is a value in stored form. Its kind is one that has literals: no reference, list
// or object.
type Constant struct {
	Value  fieldtype.Value
	Stored any
}

// Settings are values by their names that may vary from user to user.
type Settings map[string]Setting

// Setting is what the user has in a field of their record, if it is filled, else the value
// for the user's role, else that of the organisation. Values are as those of a Constant.
// NewSetting makes it.
type Setting struct {
	Constant             // of the organisation
	Overrides []Override // the first that has the user's role counts
	UserField string     // "": users have no value of their own
	written   string     // all of it as text
}

// Override is the value of a setting for users with one of some roles.
type Override struct {
	Roles  []string
	Stored any
}

// Varies reports whether the value depends on the user.
func (s Setting) Varies() bool { return s.UserField != "" || len(s.Overrides) > 0 }

// Path is a field reached from the record, the old record, the user or the draft.
type Path struct {
	Root string   // "", "old", "user", "record" or one of Scope.Roots
	Via  []Symbol // lookups
	Leaf Symbol
}

// Ref is the path as a query reads it.
func (p Path) Ref() query.Ref {
	ref := query.Ref{Column: p.Leaf.Column}
	for _, s := range p.Via {
		ref.Hops = append(ref.Hops, query.Hop{Lookup: s.Column, Table: s.Table, Guard: s.Guard})
	}
	return ref
}

// Env answers what a program asks while it runs. Values are in stored form.
type Env interface {
	Get(p Path) any
	Now() time.Time
	Location() *time.Location // the user's: what today() is
}

// Problem is one thing wrong with an expression.
type Problem struct {
	Code       string         // "expression.unknown_name" …
	Params     map[string]any // for its text
	Column     int            // 1-based, in characters
	Line       int            // 1-based
	Suggestion string         // a name that was nearly written, or ""
}

// Limits of one expression.
const (
	MaxLength = 20_000 // bytes
	MaxNodes  = 2_000
	MaxDepth  = 100
	MaxMemory = 1 << 20 // expr's memory budget for one run
)
