package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

var (
	number = query.Column{Name: "number", Storage: fieldtype.Int}
	text   = query.Column{Name: "text", Storage: fieldtype.Text}
	flag   = query.Column{Name: "flag", Storage: fieldtype.Bool}
	list   = query.Column{Name: "list", Storage: fieldtype.List}
	doc    = query.Column{Name: "doc", Storage: fieldtype.JSON}
)

// table is a Reader of fixed rows, which uses one row again and again as stores do.
type table struct {
	store.Reader
	rows  []map[string]any
	err   error
	asked query.Select
}

func (t *table) Select(_ context.Context, q query.Select) iter.Seq2[store.Row, error] {
	t.asked = q
	return func(yield func(store.Row, error) bool) {
		row := make(store.Row, len(q.Columns))
		for _, values := range t.rows {
			for i, ref := range q.Columns {
				row[i] = values[ref.Column.Name]
			}
			if !yield(row, nil) {
				return
			}
		}
		if t.err != nil {
			yield(nil, t.err)
		}
	}
}

func TestFound(t *testing.T) {
	full := map[string]any{"number": int64(1500), "text": "a", "flag": true, "list": []string{"x"}, "doc": json.RawMessage(`{}`)}
	from := &table{rows: []map[string]any{full, {}}}
	var seen []bool
	for f, err := range store.Find(t.Context(), from, query.Select{Table: "t"}, doc, list, flag, text, number) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, f.Has(number))
		if !f.Has(number) {
			if f.Int(number) != 0 || f.Text(text) != "" || f.Bool(flag) || f.List(list) != nil || f.JSON(doc) != nil || f.ID(number) != 0 || !f.Time(number).IsZero() {
				t.Errorf("an empty row has values: %+v", f)
			}
			continue
		}
		if f.Int(number) != 1500 || f.Text(text) != "a" || !f.Bool(flag) || !slices.Equal(f.List(list), []string{"x"}) || string(f.JSON(doc)) != "{}" ||
			f.ID(number) != 1500 || !f.Time(number).Equal(time.UnixMilli(1500)) || f.Value(text) != "a" {
			t.Errorf("got %+v", f)
		}
	}
	if !slices.Equal(seen, []bool{true, false}) {
		t.Errorf("rows %v", seen)
	}
}

func TestFirst(t *testing.T) {
	from := &table{rows: []map[string]any{{"number": int64(1)}, {"number": int64(2)}}}
	f, ok, err := store.First(t.Context(), from, query.Select{Table: "t"}, number)
	if err != nil || !ok || f.Int(number) != 1 || from.asked.Limit != 1 || len(from.asked.Sort) != 1 {
		t.Errorf("%+v %v %v, asked %+v", f, ok, err, from.asked)
	}
	if _, ok, err := store.First(t.Context(), &table{}, query.Select{}, number); ok || err != nil {
		t.Errorf("of none: %v %v", ok, err)
	}
	broken := errors.New("broken")
	if _, ok, err := store.First(t.Context(), &table{err: broken}, query.Select{}, number); ok || err != broken {
		t.Errorf("of a store that is broken: %v %v", ok, err)
	}
}

func TestEntry(t *testing.T) {
	q := store.LogRead{Table: "t", Columns: []query.Column{text, number}}
	e := q.Entry(store.Row{int64(7), "a", nil})
	if e.Position != 7 || e.Text(text) != "a" || e.Has(number) {
		t.Errorf("got %+v", e)
	}
}

// A text in languages is read as it was given; one in none is a text as rows always had it, and so are rows that have nothing else.
func TestSaid(t *testing.T) {
	columns := store.Said{Text: text, Texts: doc}
	read := func(values map[string]any) metadata.Text {
		f, _, err := store.First(t.Context(), &table{rows: []map[string]any{values}}, query.Select{}, text, doc)
		if err != nil {
			t.Fatal(err)
		}
		return f.Said(columns)
	}
	for _, c := range []struct {
		said metadata.Text
		text any
		more bool
	}{
		{metadata.Text{"en": "a", "zh": "b"}, "a", true},
		{metadata.Text{"zh": "b"}, "b", true},
		{metadata.Text{"": "a"}, "a", false},
		{nil, nil, false},
	} {
		values := map[string]any{}
		store.Say(values, columns, c.said)
		if values["text"] != c.text || (values["doc"] != nil) != c.more {
			t.Errorf("%v is kept as %v", c.said, values)
		}
		if got := read(values); !maps.Equal(got, c.said) {
			t.Errorf("%v is read as %v", c.said, got)
		}
	}
	if got := read(map[string]any{"text": "a", "doc": json.RawMessage(`[]`)}); !maps.Equal(got, metadata.Text{"": "a"}) {
		t.Errorf("what is not understood is read as %v", got)
	}
}

func TestFoundPanicsOnMistakes(t *testing.T) {
	f, _, _ := store.First(t.Context(), &table{rows: []map[string]any{{"number": int64(1)}}}, query.Select{}, number)
	for what, read := range map[string]func(){"not asked for": func() { f.Text(text) }, "of another storage": func() { f.Text(number) }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a column that is %s was read", what)
				}
			}()
			read()
		}()
	}
}
