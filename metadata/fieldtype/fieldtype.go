// Package fieldtype holds the types of fields, one file each. A type is found by
// its name in a Registry; nothing else in the program knows which types exist.
//
// Values live in records in their stored form, one of: nil, bool, int64, string,
// []string (a set in the order given) and json.RawMessage (canonical JSON).
// Decimals are stored as int64 scaled by 10^scale (18 digits), datetimes as Unix
// milliseconds, durations as seconds, dates as "2006-01-02", times as
// "15:04:05", references as the int64 of an id.ID, polymorphic references as
// "object/id". Two stored values of a field are equal exactly if Go's == (or the
// same bytes, the same strings) says so.
package fieldtype

import (
	"slices"
	"sort"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// Storage is the form in which a store keeps a value.
type Storage uint8

const (
	None Storage = iota // nothing is stored: computed when read
	Bool                // bool
	Int                 // int64
	Text                // string
	List                // []string
	JSON                // json.RawMessage
)

// Tag is part of a column's name, so that a field whose storage changes gets a
// new column and the old one keeps its data.
func (s Storage) Tag() string { return [...]string{"", "b", "i", "t", "l", "j"}[s] }

// Kind is what a value is to an expression.
type Kind uint8

const (
	AnyKind       Kind = iota // json; can be compared with nil only
	TextKind                  // string
	NumberKind                // decimal
	BoolKind                  // bool
	DateKind                  // a calendar date
	DatetimeKind              // an instant
	TimeKind                  // a time of day
	DurationKind              // a length of time
	ReferenceKind             // one record; its fields are reached by dot when Targets is one object
	ListKind                  // several texts
	RowsKind                  // child rows
	ObjectKind                // a value with parts of its own (address, location)
	LinkKind                  // an address with a label; can be compared with nil only
)

// Type is one type of field.
type Type interface {
	// Name is the value of a field's "type".
	Name() string
	// SettingsSchema is the JSON Schema (draft 2020-12, as a decoded value: the
	// "properties" object) of what this type adds to a field. It may refer to the
	// definitions of the object's schema: #/$defs/field, options, name, expression.
	SettingsSchema() map[string]any
	// Bind reads a field's settings and returns what handles its values, or every
	// problem with them, pointers relative to the field.
	Bind(name string, f *metadata.Field, in Context) (Value, []*fault.Fault)
}

// Context is what a type may ask while it binds a field.
type Context interface {
	// Options returns the options of a shared picklist; ok is false if there is none.
	Options(picklist string) (options map[string]*metadata.Option, ok bool)
	// Names returns the names of all documents of a kind, sorted.
	Names(kind string) []string
	// Type finds a field type, for children.
	Type(name string) (Type, bool)
	// Pattern is CompilePattern that makes equal patterns once.
	Pattern(text string) (*Pattern, *fault.Fault)
}

// Value handles the values of one field. It is immutable and safe for concurrent
// use. in and stored are never nil: an empty value is nil everywhere and needs no type.
type Value interface {
	// Storage is the form values are kept in; None for those computed when read.
	Storage() Storage
	// Kind is what the value is to an expression.
	Kind() Kind
	// Coerce turns a decoded JSON value (numbers as json.Number) or, where the
	// meaning is plain, a string as a person or a CSV file writes it, into the
	// stored form. It may return nil: the input means empty (a blank text).
	Coerce(in any) (stored any, problem *fault.Fault)
	// AppendJSON appends the value as the API shows it.
	AppendJSON(dst []byte, stored any) []byte
	// Schema is the JSON Schema of the value as the API shows it, without "null", as a
	// decoded JSON value (lists are []any). Plan compares the schemas before and after a
	// change of the settings to tell whether it is narrower.
	Schema() map[string]any
	// CSV is the value in a CSV cell; Coerce reads it back.
	CSV(stored any) string
}

// Optional abilities of a Type.
type (
	// Requires names the settings that a field of the type can't do without.
	Requires interface{ RequiredSettings() []string }
	// Samples is implemented by types that can't be bound without settings: Sample is a
	// JSON object with some. The only document that it may refer to is user.
	Samples interface{ Sample() string }
	// Results is implemented by types that formulas and roll-ups may result in.
	Results interface{ MayResult() }
	// Derives is implemented by types whose setting "result" names a type with
	// Results; the field takes that type's settings too.
	Derives interface{ Derives() }
	// Called is implemented by types that other systems call otherwise: whoever writes
	// such a name is told that of the type.
	Called interface{ AlsoCalled() []string }
	// Shows lists the settings of the type that are shown to those who may read a field
	// and not the whole configuration; others are not. field is how a field is shown,
	// for types whose settings hold fields.
	Shows interface {
		ShownSettings(field metadata.Shown) metadata.Members
	}
)

// Optional abilities of a Value.
type (
	// Scaled values are decimals: stored × 10^-Scale.
	Scaled interface{ Scale() int }
	// Formed values are written in a way that no other type of their storage reads.
	// Form is part of their column's name: after a change of the type nothing is taken
	// for what it is not, and text stays where a text becomes another kind of text.
	Formed interface{ Form() string }
	// Refers is implemented by references.
	Refers interface {
		Targets() []string // objects, at least one
		OnDelete() string  // "restrict", "clear", "cascade"
	}
	// Narrows is implemented by references to one object that may lead to some of its
	// records only: those for which a condition holds, "" for all.
	Narrows interface{ ChooseWhen() string }
	// Chooses is implemented by values out of a list of options.
	Chooses interface {
		Options() map[string]*metadata.Option
		// DependsOn names the field whose value limits the options, or "".
		DependsOn() string
	}
	// Unrestricted is implemented by choices that may also take values which no option
	// names; see Restricted.
	Unrestricted interface{ Unrestricted() bool }
	// Unordered is implemented by texts that may be too long to be compared: nothing is
	// sorted, grouped, indexed or matched by them, and they are not unique.
	Unordered interface{ Unordered() }
	// Folds has a folded form for case-insensitive keys and sorting, as text.
	Folds interface{ Fold(stored any) string }
	// Writes is implemented by values that are sent in another form than they are shown.
	Writes interface {
		// WriteSchema is the JSON Schema of the value as a caller sends it, without "null".
		WriteSchema() map[string]any
	}
	// Words is implemented by texts that are found by other words than those stored.
	Words interface{ Words(stored any) string }
	// Opens is implemented by secrets: Open is for what the platform does with one, and
	// nothing of it is ever shown, logged or kept.
	Opens interface {
		Open(stored any) (string, error)
	}
	// Files is implemented by lists of uploaded files; FileRefs reads a stored one.
	Files interface{ FileRules() FileRules }
	// Counts is an automatic number.
	Counts interface {
		// Format writes the n-th number for a record made at the given date ("2006-01-02").
		Format(n int64, date string) string
		// Period is the part of the date within which numbers are counted ("2026", "2026-03", "").
		Period(date string) string
	}
	// Computes is a formula. The value's own methods speak for its result type.
	Computes interface{ Expression() string }
	// Rolls is a roll-up of child records (Object, Lookup) or of own child rows (Rows).
	Rolls interface{ Rollup() Rollup }
	// Nests has child rows with fields of their own.
	Nests interface{ Fields() map[string]Nested }
	// Parts is implemented by values of several parts (an address has a city), by
	// which records are found, sorted and grouped: each is also kept by itself.
	Parts interface {
		// Parts are the parts, in the order in which they are read.
		Parts() []Part
		// Split is the stored form of each part of a value, nil where it has none.
		Split(stored any) []any
	}
)

// Ordered reports whether records can be sorted, grouped and told apart by values of a
// kind: each is stored as a single value that is not too long.
func Ordered(v Value) bool {
	if _, unordered := v.(Unordered); unordered {
		return false
	}
	switch v.Storage() {
	case Bool, Int, Text:
		return true
	}
	return false
}

// Part is one part of a value. Its name is that of the member of the value's JSON.
type Part struct {
	Name  string
	Label metadata.Text
	Value Value
}

// FileRules say which files a field takes.
type FileRules struct {
	Max     int      // files
	MaxSize int64    // bytes; 0: what the server takes
	Types   []string // of contents, "application/pdf" or "image/*"; nil: all
	Image   bool     // pictures that can be decoded
}

// Takes reports whether a type of contents is among those.
func (r FileRules) Takes(contents string) bool {
	return r.Types == nil || slices.ContainsFunc(r.Types, func(t string) bool {
		all, isKind := strings.CutSuffix(t, "*")
		return t == contents || isKind && strings.HasPrefix(contents, all)
	})
}

// Nested is a field of a child row.
type Nested struct {
	Field *metadata.Field
	Value Value
}

// Rollup is the definition of a roll-up field.
type Rollup struct {
	Op     string `json:"op"`               // count, sum, min, max, avg, first, last
	Object string `json:"object,omitempty"` // the child object
	Lookup string `json:"lookup,omitempty"` // its field that points to the parent
	Rows   string `json:"rows,omitempty"`   // or: a children field of the same record
	Field  string `json:"field,omitempty"`  // what is summed or taken over; absent for count
	Sort   string `json:"sort,omitempty"`   // of first and last: a field of the child, "-" before it descends
	Filter string `json:"filter,omitempty"` // an expression on the child
	// Timezone, of a filter that looks at the clock, is whose day is today ("Europe/Berlin");
	// absent: the reader's.
	Timezone string `json:"timezone,omitempty"`
}

// Picks reports whether the roll-up takes over the value of one child, whose type it has
// then, instead of computing one.
func (r Rollup) Picks() bool { return r.Op == "first" || r.Op == "last" }

// Registry finds types by name. It is immutable after it was made.
type Registry struct {
	types map[string]Type
	// called are the types by the names that other systems have for them.
	called map[string]string
}

// NewRegistry makes a registry; two types of one name are a programmer's mistake and panic.
func NewRegistry(types ...Type) *Registry {
	r := &Registry{types: make(map[string]Type, len(types)), called: map[string]string{}}
	for _, t := range types {
		if _, twice := r.types[t.Name()]; twice {
			panic("field type " + t.Name() + " is registered twice")
		}
		r.types[t.Name()] = t
		if t, ok := t.(Called); ok {
			for _, name := range t.AlsoCalled() {
				r.called[name] = t.(Type).Name()
			}
		}
	}
	return r
}

// Meant finds the type that was probably meant by a name that is none: one that other
// systems have for it, or else one that is nearly right.
func (r *Registry) Meant(name string) (string, bool) {
	if known, ok := r.called[metadata.Plain(name)]; ok {
		return known, true
	}
	return metadata.Nearest(name, r.Names())
}

// Type finds a type by name.
func (r *Registry) Type(name string) (Type, bool) { t, ok := r.types[name]; return t, ok }

// Names lists the types, sorted.
func (r *Registry) Names() []string {
	names := make([]string, 0, len(r.types))
	for name := range r.types {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
