package expression

import (
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Kinds that only expressions have, beyond those of fields.
const (
	badKind fieldtype.Kind = 200 + iota // a problem was reported; everything fits
	nilKind                             // the literal nil
	rowKind                             // one child row
)

type op uint8

const (
	opConst    op = iota // value
	opPath               // path
	opItem               // the current row or element of a loop
	opCell               // field sym of the row args[0]
	opPart               // member name of the object args[0]
	opList               // args; only where a list is expected
	opNot                // args[0] is false or empty
	opAnd                // every one of args is true
	opOr                 // one of args is true
	opCond               // args[0] ? args[1] : args[2]
	opCoalesce           // args[0], args[1] if that is empty
	opCompare            // args[0] cmp args[1]
	opIn                 // args[0] is one of the others
	opHas                // args[1], a list, contains args[0]
	opMatches            // args[0] matches the regular expression value
	opCall               // fn of args
	opLoop               // loop name over args[0] with args[1] for each
)

// node is one node of the typed tree, from which both the program and the filter
// are made. It is not changed after it was checked.
type node struct {
	op    op
	kind  fieldtype.Kind
	elem  fieldtype.Kind // of a list: the kind of what is in it
	scale int            // of a number: its scale if fixed, else -1
	at    int            // offset in characters, for problems
	args  []*node
	maybe bool // can be empty
	open  bool // reads the record; else the clock and the user are enough to compute it

	value    any                         // opConst: in the form of the machine; opMatches: *pattern
	path     Path                        // opPath
	sym      Symbol                      // opCell; opPart: the part, if it has a column
	name     string                      // opPart, opLoop
	cmp      query.Op                    // opCompare
	fn       *function                   // opCall
	names    Names                       // of rows and a row: its fields
	refs     []string                    // of a reference: the objects it may name; nil if not known
	multi    bool                        // a reference stored as "object/id"
	opts     map[string]*metadata.Option // of a choice: its options
	unlisted bool                        // of a choice: it also takes values that no option names
	parts    map[string]any              // of an object: the schemas of its parts
}

// walk visits the node and all below it, in the order of the source.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, arg := range n.args {
		arg.walk(visit)
	}
}

// size counts nodes.
func (n *node) size() int {
	size := 0
	n.walk(func(*node) { size++ })
	return size
}

// empty reports that the node is the literal nil (or an empty text, which is the same).
func (n *node) empty() bool { return n.op == opConst && n.value == nil }

// kindNames are what kinds are called in messages.
var kindNames = map[fieldtype.Kind]string{
	fieldtype.AnyKind: "json", fieldtype.TextKind: "text", fieldtype.NumberKind: "number",
	fieldtype.BoolKind: "true/false", fieldtype.DateKind: "date", fieldtype.DatetimeKind: "datetime",
	fieldtype.TimeKind: "time", fieldtype.DurationKind: "duration", fieldtype.ReferenceKind: "reference",
	fieldtype.ListKind: "list", fieldtype.RowsKind: "rows", fieldtype.ObjectKind: "object", fieldtype.LinkKind: "link",
	nilKind: "nil", rowKind: "row",
}
