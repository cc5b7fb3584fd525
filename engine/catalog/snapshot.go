// Package catalog turns documents into one immutable compiled Snapshot per tenant
// and revision, and keeps the revisions: plan, apply, diff, rollback, packages.
package catalog

import (
	"encoding/json"
	"time"

	"formwork/engine/expression"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Snapshot is a tenant's configuration at one revision, compiled. It is immutable
// and shared by all requests that began under it.
type Snapshot struct {
	Revision  int64
	Documents map[metadata.Key]metadata.Document // effective
	Objects   map[string]*Object
	Constants expression.Constants // that every expression may read
	Settings  expression.Settings  // as well
	Policies  *policy.Set
	Indexes   map[string][]store.Index // planned, by object
	// Languages are those, sorted, in which objects, their fields or rules say something
	// beside English and Chinese, which the program speaks itself.
	Languages []string

	parsed   map[string]map[string]*parsed // what the documents were read to, by kind and name
	compiled map[string]any                // what the kinds were compiled to; see Of
	lists    []*List                       // that were asked for, for the advisor

	parts map[metadata.Key]int // of the expressions of each document; see MaxParts
	build *built               // which it is of

	compiling *dependent // while the snapshot is made; nil afterwards
}

// built is one build of documents. Snapshots of several tenants and revisions may be of
// one: all that they hold is the same.
type built struct {
	digest digest // of the documents
	bytes  int64  // that it takes, about; see estimate
}

// Bytes is about how much memory the snapshot takes.
func (s *Snapshot) Bytes() int64 { return s.build.bytes }

// at is the snapshot as that of another revision of the same documents.
func (s *Snapshot) at(revision int64) *Snapshot {
	shared := *s
	shared.Revision = revision
	return &shared
}

// Table is the table of an object's records with the indexes that are planned.
func (s *Snapshot) Table(o *Object) store.Table {
	t := o.Table
	t.Indexes = s.Indexes[o.Doc.Name]
	return t
}

// Object is a compiled object. It implements expression.Names over all its fields.
type Object struct {
	Doc       *metadata.Object
	Table     store.Table // of its records, without indexes: see Snapshot.Table
	Fields    []*Field    // by order, then name; system fields first
	byName    map[string]*Field
	NameField *Field
	Owned     bool // false if Doc.Parent decides about the records

	// SchemaJSON is the JSON Schema of a whole record as the API shows it.
	SchemaJSON json.RawMessage
	Rules      []*Rule // by order, then name
	Unique     []*UniqueKey
	Dupes      []*DuplicateRule
	Stages     *Stages
	Computed   []*Field // stored formulas and roll-ups over own rows, in dependency order
	Rollups    []*Rollup
	Feeds      []*Rollup // roll-ups of other objects that count this object's records
	Followed   []*Followed
	Inbound    []*Inbound
	Search     []*Field
	// Apart are of Search the lines of text besides the name. The first that somebody is shown
	// tells records of one name apart for them.
	Apart []*Field

	names    []string                       // of the fields, sorted
	programs map[string]*expression.Program // that read nothing else, by their pointers
	former   *Object                        // while it is made: see builder.unchanged
	// begins are the defaults of record types, by type and field.
	begins map[string]map[string]Beginning
}

// Beginning is what a field of a new record begins with: a value, or what an expression
// gives. The zero Beginning is empty.
type Beginning struct {
	Initial any // in stored form
	Default *expression.Program
}

// Beginning is what a field begins with in new records of a type ("": of none): the
// type's default, or else the field's own.
func (o *Object) Beginning(f *Field, recordType string) Beginning {
	if begin, ok := o.begins[recordType][f.Name]; ok {
		return begin
	}
	return Beginning{f.Initial, f.Default}
}

// Begins reports whether a field has a default, of its own or of a record type; expressed,
// whether one of them is an expression.
func (o *Object) Begins(f *Field) (begins, expressed bool) {
	begins, expressed = f.Initial != nil || f.Default != nil, f.Default != nil
	for _, fields := range o.begins {
		if begin, ok := fields[f.Name]; ok {
			begins, expressed = true, expressed || begin.Default != nil
		}
	}
	return begins, expressed
}

// Field is a compiled field. System fields have System set and no Doc of a tenant.
type Field struct {
	Name   string
	Doc    *metadata.Field
	Value  fieldtype.Value
	Column query.Column // Storage None: computed when read
	// Key is a column that holds the folded value, for unique keys and sorting of
	// text; zero if there is none.
	Key query.Column
	// Exact is a column that holds the value of a text once more, for unique keys that tell
	// case apart; zero if there is none. It is empty in a record that is left out of them.
	Exact  query.Column
	System bool
	// Required: never empty (Doc.Required.Always), or when the program holds.
	Required *expression.Program
	// VisibleWhen tells when the field is shown on pages; nil: always.
	VisibleWhen *expression.Program
	// ChooseWhen, of a reference, tells which records it may lead to: its record is the one
	// that is referred to, its draft the one that refers; nil: every one.
	ChooseWhen *expression.Program
	Default    *expression.Program
	// Initial is the stored form of Doc.Default; nil if there is none.
	Initial any
	// Formula computes the field; Stored tells whether at saving (its Column has a
	// Storage) or when read.
	Formula *expression.Program
	Target  *Object // of a reference to one object
	// Count, for roll-ups that average, is the companion column with the number of values.
	Count query.Column
	// Rollup is that of a field that is computed from the children when it is read, since
	// its filter looks at the clock; nil for others.
	Rollup *Rollup
	// Rows, for a field of child rows, are the fields of a row.
	Rows *Rows
	// Parts, for a value of several parts, are fields named field.part whose columns
	// hold them; they are none of the object's Fields.
	Parts []*Field
	// RowFilter, for a roll-up over own rows, tells which of them count; nil: all. Its
	// names are those of the rows.
	RowFilter *expression.Program

	schema   fieldSchema
	patterns []*fieldtype.Pattern // that its value holds
}

// Rows are the compiled fields of child rows. They implement expression.Names.
// Nothing of a row has a column: rows are stored in one with their field.
type Rows struct {
	Name     string   // object.field
	Fields   []*Field // by order, then name
	Computed []*Field // formulas, in dependency order
	byName   map[string]*Field
	names    []string
}

// Rule is a compiled validation rule.
type Rule struct {
	Name             string
	Doc              *metadata.Rule
	Must, When       *expression.Program // When may be nil
	OnCreate, OnSave bool                // OnSave: when an existing record is changed
}

// UniqueKey is a compiled unique key; Index is the name of its index in the store.
type UniqueKey struct {
	Name   string
	Doc    *metadata.UniqueKey // nil for a field that is unique by itself
	Fields []*Field
	// CaseSensitive: texts are compared as they are, not folded.
	CaseSensitive bool
	Index         string
}

// DuplicateRule is a compiled duplicate rule. Each match has a key column, which
// holds the normalised value and is indexed.
type DuplicateRule struct {
	Name    string
	Doc     *metadata.DuplicateRule
	When    *expression.Program
	Matches []*Match
}

// Match is one compared field of a duplicate rule.
type Match struct {
	Field *Field
	Doc   *metadata.Match
	Key   query.Column
}

// Stages is a compiled stage model.
type Stages struct {
	Field  *Field
	ByName map[string]*Stage
}

// Stage is a compiled stage.
type Stage struct {
	Name     string
	Doc      *metadata.Stage
	Required []*Field
	Set      map[string]*expression.Program
	To       map[string]*expression.Program // nil map: anywhere; nil program: always
}

// Rollup is a compiled roll-up of Parent's Field over the records of Child.
type Rollup struct {
	Parent *Object
	Field  *Field
	Child  *Object
	Lookup *Field // of Child, refers to Parent
	Of     *Field // of Child; nil for count
	Op     string
	// By, for a roll-up that takes over the value of the first or last child, is the field
	// of Child that they are sorted by; nil for others.
	By         *Field
	descending bool                // the child is the first one of the descending sort
	Filter     *expression.Program // on Child, and through its lookups; nil: all
	// Reads are the columns of Child that a filter reads which looks through lookups, the
	// first lookups among them; nil for other filters.
	Reads []query.Column
	// Location is whose day it is for a filter that looks at the clock; nil: the reader's.
	Location *time.Location
}

// Name is the roll-up as object.field.
func (r *Rollup) Name() string { return r.Parent.Doc.Name + "." + r.Field.Name }

// Followed is a column of an object that the filter of a roll-up reads through lookups of
// its children.
type Followed struct {
	Rollup *Rollup
	Via    []query.Hop // from a child to the record that is read; at least one
	Column query.Column
	// Dangles: the last lookup may lead to a record that is gone, and may come back.
	Dangles bool
}

// Picks is the sort whose first child a roll-up takes the value of, that of the record
// without a value to sort by coming after all others. It ends with the id, in the direction
// of the sort; nil for a roll-up that computes its value.
func (r *Rollup) Picks() []query.Order {
	if r.By == nil {
		return nil
	}
	return []query.Order{{Ref: query.Field(r.By.compared()), Descending: r.descending}, {Ref: query.Field(query.ID), Descending: r.descending}}
}

// Inbound is a reference to this object from another, with what a delete does.
type Inbound struct {
	From     *Object
	Field    *Field
	OnDelete string // "restrict", "clear", "cascade"
}

// Field finds a field by name.
func (o *Object) Field(name string) (*Field, bool) { f, ok := o.byName[name]; return f, ok }
