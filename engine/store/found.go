package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Found is a row whose values are read by their columns, in the types of the engine's
// own tables. A column that was not asked for, or is of another type, is the program's
// mistake and panics.
type Found struct {
	columns []query.Column
	row     Row
}

// ByColumn is a row that Select yields for columns; only valid as long as the row. It is
// for who reads so often that it matters what Find allocates.
func ByColumn(columns []query.Column, row Row) Found { return Found{columns, row} }

// Find yields the rows that q selects, with values of columns; q.Columns is not used.
// The row is only valid until the next one.
func Find(ctx context.Context, from Reader, q query.Select, columns ...query.Column) iter.Seq2[Found, error] {
	q.Columns = make([]query.Ref, len(columns))
	for i, c := range columns {
		q.Columns[i] = query.Field(c)
	}
	return func(yield func(Found, error) bool) {
		for row, err := range from.Select(ctx, q) {
			if !yield(ByColumn(columns, row), err) {
				return
			}
		}
	}
}

// First returns the first row that q selects, by id if q has no sort; ok is false if
// there is none. The row may be kept.
func First(ctx context.Context, from Reader, q query.Select, columns ...query.Column) (found Found, ok bool, err error) {
	q.Limit = 1
	if q.Sort == nil {
		q.Sort = []query.Order{{Ref: query.Field(query.ID)}}
	}
	for f, err := range Find(ctx, from, q, columns...) {
		f.row = slices.Clone(f.row)
		return f, err == nil, err
	}
	return Found{}, false, nil
}

// Value is the stored value of a column.
func (f Found) Value(c query.Column) any {
	for i := range f.columns {
		if f.columns[i].Name == c.Name {
			return f.row[i]
		}
	}
	panic(fmt.Sprintf("store: column %s was not asked for", c.Name))
}

// typed is the value of a column of a storage; the zero value if it is empty.
func typed[T any](f Found, c query.Column, storage fieldtype.Storage) T {
	if c.Storage != storage {
		panic(fmt.Sprintf("store: column %s is of another storage", c.Name))
	}
	v, _ := f.Value(c).(T)
	return v
}

// Has reports whether a column is not empty.
func (f Found) Has(c query.Column) bool { return f.Value(c) != nil }

// Int is a number, 0 if empty.
func (f Found) Int(c query.Column) int64 { return typed[int64](f, c, fieldtype.Int) }

// Text is a text, "" if empty.
func (f Found) Text(c query.Column) string { return typed[string](f, c, fieldtype.Text) }

// Bool is a boolean, false if empty.
func (f Found) Bool(c query.Column) bool { return typed[bool](f, c, fieldtype.Bool) }

// List is a list of texts, which may be kept; nil if empty.
func (f Found) List(c query.Column) []string {
	return slices.Clone(typed[[]string](f, c, fieldtype.List))
}

// JSON is a JSON value, which may be kept; nil if empty.
func (f Found) JSON(c query.Column) json.RawMessage {
	return slices.Clone(typed[json.RawMessage](f, c, fieldtype.JSON))
}

// Said are the columns of a text that may be in several languages: Text holds it where it is in none, and else as it is read by
// whoever knows no other; Texts holds it in all of them, and is empty where it is in none.
type Said struct{ Text, Texts query.Column }

// Said is a text that Say gave to columns; nil if empty.
func (f Found) Said(c Said) (text metadata.Text) {
	if f.Has(c.Texts) && json.Unmarshal(typed[json.RawMessage](f, c.Texts, fieldtype.JSON), &text) == nil {
		return text
	}
	if f.Has(c.Text) {
		text = metadata.Text{"": f.Text(c.Text)}
	}
	return text
}

// Say gives columns a text, in stored form.
func Say(values map[string]any, c Said, text metadata.Text) {
	values[c.Text.Name] = Text(text.In("", ""))
	if _, plain := text.Plain(); !plain && len(text) > 0 {
		raw, _ := json.Marshal(text) // a map of strings
		values[c.Texts.Name] = json.RawMessage(raw)
	}
}

// ID is the id that a number column holds, 0 if empty.
func (f Found) ID(c query.Column) id.ID { return id.ID(f.Int(c)) }

// Time is the instant whose milliseconds a number column holds, in UTC; the zero time
// if empty.
func (f Found) Time(c query.Column) time.Time {
	if !f.Has(c) {
		return time.Time{}
	}
	return time.UnixMilli(f.Int(c)).UTC()
}

// Text is a text in stored form: the empty one is no value.
func Text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Instant is a time in stored form, as Found.Time reads it: the zero time is no value.
func Instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// Reference is an id in stored form, as Found.ID reads it: 0 is no value.
func Reference(key id.ID) any {
	if key == 0 {
		return nil
	}
	return int64(key)
}

// Among narrows a filter to records with some ids; not at all where none are given.
func Among(f query.Filter, keys []id.ID) query.Filter {
	if len(keys) == 0 {
		return f
	}
	values := make([]any, len(keys))
	for i, key := range keys {
		values[i] = int64(key)
	}
	return query.All{f, query.In{Ref: query.Field(query.ID), Values: values}}
}
