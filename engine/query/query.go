// Package query is what is asked of stored records: a small typed tree of
// filters, with sorting, pages and aggregation. Columns are physical; names a
// person wrote were resolved before. Every constant is in the stored form of the
// column it is compared with (see metadata/fieldtype).
//
// Logic is two-valued. A comparison with an empty value on either side does not
// hold, but: Eq nil holds for the empty value, Ne nil for every other, and
// Ne x (x not nil) holds for the empty value. Not turns every answer round. A
// path through an empty lookup, through one whose record is gone, or whose
// Guard does not hold for it, reads as the empty value. Match and all stores
// agree on this.
package query

import (
	"strconv"

	"formwork/metadata/fieldtype"
)

// Column is a stored property of a table.
type Column struct {
	Name    string // physical
	Storage fieldtype.Storage
}

// System columns, on every table of records.
var (
	ID        = Column{"id", fieldtype.Int}
	Version   = Column{"version", fieldtype.Int}
	CreatedAt = Column{"created_at", fieldtype.Int}
	CreatedBy = Column{"created_by", fieldtype.Int}
	UpdatedAt = Column{"updated_at", fieldtype.Int}
	UpdatedBy = Column{"updated_by", fieldtype.Int}
	Owner     = Column{"owner", fieldtype.Int}
)

// Ref reads a column of the record, or of one reached through lookups.
type Ref struct {
	Hops   []Hop
	Column Column
}

// Hop goes from a record to the one its lookup column names.
type Hop struct {
	Lookup Column
	Table  string
	// Guard, if not nil, must hold for the record that is reached, else the path
	// is empty there: what a caller may not see can't be guessed through a path.
	Guard Filter
}

// Op compares.
type Op uint8

const (
	Eq Op = iota
	Ne
	Lt
	Le
	Gt
	Ge
)

func (o Op) String() string { return [...]string{"==", "!=", "<", "<=", ">", ">="}[o] }

// Filter is a condition on a record. The set of implementations is closed; a nil
// Filter holds for every record. Filters are immutable.
type Filter interface{ filter() }

type (
	// All holds if every part does; an empty one holds.
	All []Filter
	// Any holds if some part does; an empty one does not.
	Any []Filter
	// Not holds if its part does not.
	Not struct{ Filter Filter }
	// Compare is Ref Op Value. Booleans order false < true, text by its UTF-8 bytes.
	// List and JSON columns know Eq and Ne nil only.
	Compare struct {
		Ref   Ref
		Op    Op
		Value any // nil, bool, int64 or string
	}
	// CompareRefs is Left Op Right, both of one storage; if either is empty it does
	// not hold, but that Eq holds if both are and Ne if one is.
	CompareRefs struct {
		Left  Ref
		Op    Op
		Right Ref
	}
	// In holds if the value is one of Values (none of them nil).
	In struct {
		Ref    Ref
		Values []any
	}
	// Like finds Text in a text at its start, its end, or anywhere; exact, by bytes.
	Like struct {
		Ref  Ref
		Text string
		At   Place
	}
	// Has holds if a list contains Text.
	Has struct {
		Ref  Ref
		Text string
	}
)

// Place is where Like looks.
type Place uint8

const (
	Anywhere Place = iota
	Start
	End
)

func (All) filter()         {}
func (Any) filter()         {}
func (Not) filter()         {}
func (Compare) filter()     {}
func (CompareRefs) filter() {}
func (In) filter()          {}
func (Like) filter()        {}
func (Has) filter()         {}

// Order is one key of a sort. The empty value comes first, last when descending.
// Text sorts by its UTF-8 bytes.
type Order struct {
	Ref        Ref
	Descending bool
}

// Word is one word of a text search, in the folded form of engine/search.
type Word struct {
	Text   string
	Prefix bool
}

// Select asks for rows of a table. The rows' values come in the order of Columns.
type Select struct {
	Table   string
	Columns []Ref
	Filter  Filter
	Words   []Word // all must be found; only for tables with Search
	// Sort is total: callers end it with the id. See Page.
	Sort  []Order
	Limit int // 0: no limit
	// Skip leaves out so many rows at the beginning. It is of a query with a Limit and without
	// After: what goes on behind a row skips none.
	Skip int
}

// Aggregate asks for groups.
type Aggregate struct {
	Table    string
	Filter   Filter
	Words    []Word
	Groups   []Group
	Measures []Measure
	// Having, if not nil, must hold for a group; its references are those of Result.
	Having Filter
	// Sort refers to groups (0 …) and, after them, measures.
	Sort  []GroupOrder
	Limit int
}

// Group is one key of the groups; rows come with the key first to last.
type Group struct {
	Ref Ref
	By  Bucket
	// Size of a number's bucket, in stored units, for ByNumber; greater than 0. The
	// key is the bucket's lower end (floor).
	Size int64
	// Offset from UTC in seconds for the buckets of instants.
	Offset int64
}

// Bucket coarsens a key. Keys of dates and instants come as text:
// 2026-03-01 (day), 2026-W09 (ISO week), 2026-03, 2026-Q1, 2026.
type Bucket uint8

const (
	ByValue Bucket = iota
	ByDay
	ByWeek
	ByMonth
	ByQuarter
	ByYear
	ByNumber
)

// Measure is computed for a group. Count, CountOf and Sum are int64, Sum exact and
// in stored units (fault "query.overflow", Limited, where it does not fit); the others
// are in stored form, nil for none. There is no average: divide Sum by CountOf.
type Measure struct {
	Op  MeasureOp
	Ref Ref // not for Count
	// Filter chooses among the rows of the group those that are measured; nil: all.
	Filter Filter
	// Percent is the share of PercentileLow and PercentileHigh: 1 to 99.
	Percent int
}

type MeasureOp uint8

const (
	Count   MeasureOp = iota // rows
	CountOf                  // rows whose value is not empty
	Sum                      // of the values that are not empty, true being 1; 0 for none
	Min
	Max
	// PercentileLow and PercentileHigh are the values between which a share of the values
	// ends: of n in order, the ceil(n·Percent/100)-th and the (floor(n·Percent/100)+1)-th.
	// These are one and the same unless n·Percent/100 is whole. A store holds the values of
	// all groups for it and refuses what is too much (fault "query.too_complex", Limited).
	// Columns of storage Int only.
	PercentileLow
	PercentileHigh
)

// GroupOrder sorts groups by a group key or measure.
type GroupOrder struct {
	Index      int
	Descending bool
}

// Field is a shorthand for a column of the record itself.
func Field(c Column) Ref { return Ref{Column: c} }

// Result is what Having calls the i-th value of a group: the groups' keys count from 0, the
// measures follow.
func (q *Aggregate) Result(i int) Ref {
	return Field(Column{Name: strconv.Itoa(i), Storage: q.resultStorage(i)})
}

// ResultIndex is the i of a Result.
func (r Ref) ResultIndex() int {
	i, err := strconv.Atoi(r.Column.Name)
	if err != nil {
		panic("query: " + r.Column.Name + " is no result of an aggregation")
	}
	return i
}

func (q *Aggregate) resultStorage(i int) fieldtype.Storage {
	if i < len(q.Groups) {
		switch g := q.Groups[i]; g.By {
		case ByValue, ByNumber:
			return g.Ref.Column.Storage
		}
		return fieldtype.Text
	}
	switch m := q.Measures[i-len(q.Groups)]; m.Op {
	case Min, Max:
		return m.Ref.Column.Storage
	}
	return fieldtype.Int
}
